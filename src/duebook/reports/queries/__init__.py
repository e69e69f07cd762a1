"""The reads behind the reports. Those that go through whole tables are written in SQL and can be streamed."""
