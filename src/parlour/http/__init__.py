"""The edge of HTTP that belongs to no noun: problem details, headers, the page's files, the log of requests."""
