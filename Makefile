# Two commands matter: `make run` and `make test`. Both set up what they need, and cost nothing the second time.

PYTHONS = .venv/bin/python python3.13 python3.12 python3.11 python3
PYTHON = .venv/bin/python
HUB = $(PYTHON) -m hub.local
REQUIREMENTS = requirements requirements-local requirements-dev
# Anything for the program behind a target, as in: make test ARGS="-k search -x"
ARGS =

MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL = help
.PHONY: help run test test-browser lint bench messages demo-reset lock environment environment-dev

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-13s %s\n' "$$name" "$$text"; done

# Finds a Python that is new enough and lets it bring .venv up to date with one requirements file.
define set_up
@for python in $(PYTHONS); do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
		exec $$python hub/local/virtualenv.py $(1); \
	fi; \
done; \
echo "The hub needs Python 3.11 or later; none of these is: $(filter-out .venv/%,$(PYTHONS))." >&2; exit 1
endef

environment:
	$(call set_up,requirements-local.txt)

environment-dev:
	$(call set_up,requirements-dev.txt)

run: environment ## the portal with demo content: prints its address and the logins, Ctrl-C stops it
	@exec $(HUB) run --end-with-parent $(ARGS)

test: environment-dev ## all tests but the browser's, on a real PostgreSQL
	@$(HUB) compile-messages
	@$(PYTHON) -m pytest -n auto -m "not browser" $(ARGS)

test-browser: environment-dev ## the tests that need Chromium (installed on Debian when missing)
	@$(HUB) compile-messages
	@chromium="$$($(HUB) chromium)" && CHROMIUM="$$chromium" DJANGO_ALLOW_ASYNC_UNSAFE=1 \
		$(PYTHON) -m pytest -m browser tests/browser $(ARGS)

lint: environment-dev ## style, layers between apps, templates, migrations, deployment settings, translations
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	.venv/bin/lint-imports
	$(PYTHON) -m djlint templates --lint --quiet
	git ls-files -z --cached --others --exclude-standard -- '*.py' | \
		xargs -0 .venv/bin/django-upgrade --target-version 5.2 --check
	$(PYTHON) manage.py makemigrations --check --dry-run
	@# As in production: the real defaults, a real key, and no local server in sight.
	HUB_LOCAL=false DEBUG=false ALLOWED_HOSTS=hub.example DATABASE_URL=postgres:///none REDIS_URL=redis://none \
		SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
		ADDRESS_HASH_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
		$(PYTHON) manage.py check --deploy --fail-level WARNING
	$(HUB) check-messages

bench: environment-dev ## the budgets, measured on generated data
	@$(HUB) exec $(PYTHON) -m bench $(ARGS)

messages: environment-dev ## collect the translatable texts into locale/*/LC_MESSAGES/django.po
	@command -v xgettext >/dev/null || { \
		echo "Collecting texts needs the programs of gettext (Debian, Ubuntu: apt-get install gettext)." >&2; exit 1; }
	@languages="$$($(HUB) manage shell --verbosity 0 --command \
		'from django.conf import settings; print(*(code for code, _ in settings.LANGUAGES if code != "en"))')" && \
		$(HUB) manage makemessages --no-wrap --add-location file --no-obsolete $(ARGS) \
			$$(for code in $$languages; do printf -- '--locale %s ' "$$code"; done)

demo-reset: environment ## throw the local database away and make the demo content anew
	@$(HUB) reset

lock: ## requirements*.txt anew from requirements*.in (needs uv; ARGS=--upgrade for the newest versions)
	@command -v uv >/dev/null || { echo "Locking needs uv (pipx install uv)." >&2; exit 1; }
	@for name in $(REQUIREMENTS); do \
		echo "$$name.txt"; \
		uv pip compile --universal --python-version 3.11 --generate-hashes $(ARGS) $$name.in -o $$name.txt \
			>/dev/null || exit 1; \
	done
