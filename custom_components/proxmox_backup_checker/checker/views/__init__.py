"""What is shown of an assessment: agenda, report, trends and the wall."""
