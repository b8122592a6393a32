"""The library: portfolios that were opened on this machine, each in a folder of its own."""
