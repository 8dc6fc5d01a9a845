"""Reports: from verdicts to a terminal, JSON and JUnit."""
