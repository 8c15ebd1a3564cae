"""The languages endpoints speak. Pure."""
