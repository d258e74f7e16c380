# One image for web, worker, beat and migrations. It holds no secret, no test and no local server.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.txt .
RUN /opt/venv/bin/pip install --require-hashes -r requirements.txt
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY . .
# The key and the addresses serve these two commands only; nothing of them is kept.
RUN python -m hub.local compile-messages \
    && SECRET_KEY=for-the-build-only-and-never-used-to-sign-a-thing \
       DATABASE_URL=postgres:///none REDIS_URL=redis://none \
       python manage.py collectstatic --noinput \
    && python -m compileall -q .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin hub \
    && install -d -o hub -g hub /srv/media /srv/static
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
USER hub
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MEDIA_ROOT=/srv/media \
    CELERY_BEAT_SCHEDULE=/tmp/beat-schedule
EXPOSE 8000
# nginx keeps the access log. The heartbeat files are in memory: on a slow disk gunicorn would take its workers for dead.
CMD ["gunicorn", "hub.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", \
     "--max-requests", "5000", "--max-requests-jitter", "500"]
