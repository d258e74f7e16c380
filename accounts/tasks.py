from celery import shared_task

from accounts import services


@shared_task
def forget_unconfirmed():
    services.forget_unconfirmed()
