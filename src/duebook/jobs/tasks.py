"""The jobs that run in the background, found by procrastinate under this module's name.

Each is safe to run twice: a worker that is killed leaves its job to be run again.
"""

import logging
from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation

from duebook.domain.errors import (
    BatchState,
    CardLinkOver,
    ContactWithoutEmail,
    NoEmailAddress,
    PayLinkOver,
)
from duebook.domain.permissions import Actor, Source
from duebook.gateways.accounts import accounts_that_tell
from duebook.gateways.services.poll_events import poll_events
from duebook.jobs.fences import look_after_fences
from duebook.partners.services.email_sign_in_link import email_sign_in_link
from duebook.payments.pay_links import links_to_close
from duebook.payments.services.ask_about_refund import (
    ask_about_refund,
    drop_refund,
    refunds_left_behind,
    refunds_to_ask,
)
from duebook.payments.services.ask_gateway import (
    ask_gateway,
    charges_left_behind,
    charges_to_ask,
    drop_charge,
)
from duebook.payments.services.call_off_charges import call_off_charges
from duebook.payments.services.close_link_payment import close_link_payment
from duebook.payments.services.email_card_link import email_card_link
from duebook.payments.services.email_pay_link import email_pay_link
from duebook.payments.services.forget_card import forget_card
from duebook.payments.services.import_settlements import import_settlements
from duebook.payments.services.lift_fence import lift_fence
from duebook.payments.services.process_webhook import process_webhook
from duebook.reports.queries.receipt import receipt_of
from duebook.reports.services.email_receipt import email_receipt
from duebook.reports.services.email_statement import email_statement
from duebook.reports.services.notify_partner_of_lead import notify_partner_of_lead
from duebook.reports.services.notify_partner_of_sale import notify_partner_of_sale
from duebook.reports.services.run_rehearsal import run_rehearsal
from duebook.reports.services.verify_books import verify_books
from duebook.reports.snapshots import refresh_snapshot
from duebook.staff.queries import today

log = logging.getLogger(__name__)

# The janitor alone is a job every ten seconds.
KEPT_HOURS = 7 * 24
# A worker reports that it lives every 10 seconds.
SILENT_SECONDS = 60
# A processor that tells nothing for so long is asked.
SILENT_MINUTES = 15


class BooksDiffer(Exception):
    """What is stored differs from what follows from the rows."""


@app.periodic(cron="17 * * * *")
@app.task(name="verify_books", queueing_lock="verify_books")
def verify(timestamp: int) -> None:
    """Recompute the books. Raises BooksDiffer, which marks the job as failed, when something differs."""
    findings = verify_books()
    for finding in findings:
        log.error("verify: %s", finding)
    if findings:
        raise BooksDiffer(f"{len(findings)} findings")
    log.info("verify: the books are in order")


@app.periodic(cron="*/2 * * * *")
@app.task(name="refresh_snapshot", queueing_lock="refresh_snapshot")
def refresh_dashboard(timestamp: int) -> None:
    """Keep the dashboard's figures young enough, so that no page has to count them."""
    refresh_snapshot(on=today())


@app.periodic(cron="*/15 * * * *")
@app.task(name="poll_events", queueing_lock="poll_events")
def poll_silent_processors(timestamp: int) -> None:
    """Ask the card processors that have told nothing lately what happened."""
    poll_events(silent_for=timedelta(minutes=SILENT_MINUTES), now=timezone.now())


@app.periodic(cron="29 */3 * * *")
@app.task(name="import_settlements", queueing_lock="import_settlements")
def import_all_settlements(timestamp: int) -> None:
    """Ask every merchant account to which something may happen what it was paid: a job for each."""
    for account in accounts_that_tell(timezone.now()):
        try:
            import_settlements_of.configure(queueing_lock=f"import_settlements_of:{account.pk}").defer(
                merchant_account_id=account.pk
            )
        except AlreadyEnqueued:
            log.info("settlements of merchant account %s: a job is waiting", account.pk)


@app.task(name="import_settlements_of", retry=RetryStrategy(max_attempts=4, exponential_wait=60))
def import_settlements_of(merchant_account_id: int) -> None:
    """Import what one merchant account was paid. Raises GatewayError, after which it is tried again."""
    system = Actor.system(Source.JOB)
    imported = import_settlements(merchant_account_id=merchant_account_id, actor=system)
    log.info("merchant account %s: %s settlements imported", merchant_account_id, imported.new)
    for gateway_id in imported.gone:
        log.error(
            "merchant account %s: settlement %s is gone at the processor", merchant_account_id, gateway_id
        )


@app.periodic(cron="* * * * *")
@app.task(name="note_sign_of_life", queueing_lock="note_sign_of_life")
def note_that_we_live(timestamp: int) -> None:
    """Note a sign of life; where there was none for long, the card processors are asked before all else."""
    look_after_fences()


@app.task(name="lift_fence")
def lift_fence_of(account_id: int) -> None:
    """Ask one card processor what these books lack. One that does not answer is asked again in a minute."""
    lift_fence(account_id=account_id)


@app.task(name="email_receipt", retry=RetryStrategy(max_attempts=6, exponential_wait=60))
def email_receipt_of(payment_id: int) -> None:
    """Send the receipt of a payment just recorded. Raises MailNotSent, after which it is tried again."""
    if not receipt_of(payment_id).stands:
        log.info("receipt of payment %s: not sent, it was undone, returned or refunded meanwhile", payment_id)
        return
    try:
        email_receipt(
            payment_id=payment_id,
            request_key=f"receipt:{payment_id}",
            actor=Actor.system(Source.JOB),
        )
    except NoEmailAddress:
        log.info("receipt of payment %s: not sent, its contact has no e-mail address", payment_id)


@app.task(name="email_partner_link", retry=RetryStrategy(max_attempts=3, exponential_wait=10))
def email_partner_link(email: str, link: str, request_key: str) -> None:
    """Send a partner the link to sign in. Raises MailNotSent, after which it is tried again."""
    email_sign_in_link(email=email, link=link, request_key=request_key, actor=Actor.system(Source.JOB))


@app.task(name="email_statement", retry=RetryStrategy(max_attempts=6, exponential_wait=60))
def email_statement_of(payout_id: int) -> None:
    """Send a partner's statement. Raises MailNotSent, after which it is tried again."""
    try:
        email_statement(
            payout_id=payout_id,
            request_key=f"statement:{payout_id}",
            actor=Actor.system(Source.JOB),
        )
    except NoEmailAddress:
        log.info("statement of payout %s: not sent, its partner has no e-mail address", payout_id)
    except BatchState:
        log.info("statement of payout %s: not sent, its batch is rejected", payout_id)


@app.task(name="notify_partner_of_lead", retry=RetryStrategy(max_attempts=6, exponential_wait=60))
def tell_of_lead(contact_id: int, partner_id: int) -> None:
    """Tell a partner of a contact referred, once. Raises MailNotSent, after which it is tried again."""
    sent = notify_partner_of_lead(
        contact_id=contact_id,
        partner_id=partner_id,
        request_key=f"lead:{contact_id}:{partner_id}",
        actor=Actor.system(Source.JOB),
    )
    if not sent:
        log.info("lead of contact %s: partner %s was told before, or is not to be", contact_id, partner_id)


@app.task(name="notify_partner_of_sale", retry=RetryStrategy(max_attempts=6, exponential_wait=60))
def tell_of_sale(order_id: int, partner_id: int) -> None:
    """Tell a partner what an order can bring, once. Raises MailNotSent, after which it is tried again."""
    sent = notify_partner_of_sale(
        order_id=order_id,
        partner_id=partner_id,
        request_key=f"sale:{order_id}:{partner_id}",
        actor=Actor.system(Source.JOB),
    )
    if not sent:
        log.info("sale of order %s: partner %s was told before, or is not to be", order_id, partner_id)


@app.periodic(cron="* * * * * */10")  # the sixth field is the seconds
@app.task(name="ask_about_charges", queueing_lock="ask_about_charges")
def ask_about_charges(timestamp: int) -> None:
    """Look after the charges and refunds whose outcome is not known: a job for each whose turn it is.

    The turn of a charge that is to be called off comes at once.
    """
    for charge_id in charges_left_behind():
        log.info("charge %s: %s", charge_id, drop_charge(charge_id=charge_id))
    for attempt_id in refunds_left_behind():
        log.info("refund %s: %s", attempt_id, drop_refund(attempt_id=attempt_id))
    for attempt_id in refunds_to_ask(most=100):
        try:
            ask_about_gateway_refund.configure(queueing_lock=f"ask_about_refund:{attempt_id}").defer(
                attempt_id=attempt_id
            )
        except AlreadyEnqueued:
            log.info("refund %s: a job to ask about it is waiting", attempt_id)
    if called_off := call_off_charges(most=100):
        log.info("charges called off, since their invoices are settled otherwise: %s", called_off)
    for charge_id in charges_to_ask(most=100):
        try:
            ask_about_charge.configure(queueing_lock=f"ask_about_charge:{charge_id}").defer(
                charge_id=charge_id
            )
        except AlreadyEnqueued:
            log.info("charge %s: a job to ask about it is waiting", charge_id)


@app.task(name="ask_about_charge")
def ask_about_charge(charge_id: int) -> None:
    """Ask the gateway what became of one charge. A gateway that does not answer is asked at the next turn."""
    log.info("charge %s: %s", charge_id, ask_gateway(charge_id=charge_id))


@app.task(name="ask_about_refund")
def ask_about_gateway_refund(attempt_id: int) -> None:
    """Ask the gateway what became of one refund."""
    log.info("refund %s: %s", attempt_id, ask_about_refund(attempt_id=attempt_id))


@app.task(name="process_webhook", retry=RetryStrategy(max_attempts=8, exponential_wait=5), pass_context=True)
def process_webhook_message(context: JobContext, message_id: int) -> None:
    """Settle what a gateway's message points to. Raises WebhookNotProcessed, after which it runs again."""
    process_webhook(message_id=message_id, earlier_runs=context.job.attempts)


@app.task(name="email_card_link", retry=RetryStrategy(max_attempts=6, exponential_wait=10))
def email_link_for_card(setup_id: int, link: str) -> None:
    """Send a customer the link to put a card on file. Raises MailNotSent, after which it is tried again."""
    try:
        email_card_link(
            setup_id=setup_id,
            link=link,
            request_key=f"card-link:{setup_id}",
            actor=Actor.system(Source.JOB),
        )
    except (CardLinkOver, ContactWithoutEmail) as error:
        log.info("card link %s: not sent, %s", setup_id, error)


@app.task(name="email_pay_link", retry=RetryStrategy(max_attempts=6, exponential_wait=10))
def email_link_to_pay(link_id: int, link: str) -> None:
    """Send a customer the link to pay. Raises MailNotSent, after which it is tried again."""
    try:
        email_pay_link(
            link_id=link_id, link=link, request_key=f"pay-link:{link_id}", actor=Actor.system(Source.JOB)
        )
    except (PayLinkOver, ContactWithoutEmail) as error:
        log.info("pay link %s: not sent, %s", link_id, error)


@app.periodic(cron="* * * * *")
@app.task(name="close_link_payments", queueing_lock="close_link_payments")
def close_link_payments(timestamp: int) -> None:
    """See to the payments by link that ended while no customer looked, and to those left behind."""
    for payment_id in links_to_close(most=100):
        log.info("payment by link %s: closed %s", payment_id, close_link_payment(payment_id=payment_id))


@app.task(name="forget_card", retry=RetryStrategy(max_attempts=10, exponential_wait=30))
def forget_card_at_gateway(payment_method_id: int, token: str) -> None:
    """Ask the gateway to forget a card. Raises GatewayError, after which it is tried again."""
    forget_card(payment_method_id=payment_method_id, token=token)


@app.task(name="run_rehearsal")
def rehearse_program(rehearsal_id: int) -> None:
    """Run a program over a past period for a page that waits for it."""
    run_rehearsal(rehearsal_id=rehearsal_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="retry_stalled_jobs", queueing_lock="retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Put back the jobs whose worker was killed while it ran them."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
        log.warning("job %s (%s) was left by its worker; it runs again", job.id, job.task_name)
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            log.info("job %s (%s) waits for the next turn: one like it is queued", job.id, job.task_name)


@app.periodic(cron="41 3 * * *")
@app.task(name="remove_old_jobs", queueing_lock="remove_old_jobs", pass_context=True)
async def remove_old_jobs(context: JobContext, timestamp: int) -> None:
    """Remove jobs that succeeded a week ago; failed ones stay for a person to see."""
    await context.app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS)


@app.periodic(cron="43 3 * * *")
@app.task(name="remove_old_sessions", queueing_lock="remove_old_sessions")
def remove_old_sessions(timestamp: int) -> None:
    """Remove the sessions that have run out."""
    call_command("clearsessions")
