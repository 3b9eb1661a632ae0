"""Stub."""
def capture(loaded, spec, report):
    report.say(final={"end": "broken", "reason": "not there yet"})
