"""The jobs that run in the background, found by procrastinate under this module's name.

Each is safe to run twice: a worker that is killed leaves its job to be run again.
"""

import logging

from django.core.management import call_command
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation

from duebook.reports.services.verify_books import verify_books

log = logging.getLogger(__name__)

KEPT_HOURS = 30 * 24
# A worker reports that it lives every 10 seconds.
SILENT_SECONDS = 60


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
    """Remove jobs that succeeded a month ago; failed ones stay for a person to see."""
    await context.app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS)


@app.periodic(cron="43 3 * * *")
@app.task(name="remove_old_sessions", queueing_lock="remove_old_sessions")
def remove_old_sessions(timestamp: int) -> None:
    """Remove the sessions that have run out."""
    call_command("clearsessions")
