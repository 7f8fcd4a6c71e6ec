"""The words of the judgement: facts, settings, verdicts and records."""
