"""The command line of pgwhen: each command calls SQL functions and shows what they return."""
