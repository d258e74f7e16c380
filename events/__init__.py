"""Events of city networks: series, sessions, registration, minutes. Built on `practices` and the apps below it."""
