"""The command line, the supervisor of the server's programs, and the jobs that run in the background."""
