"""Whose track it is: the identity stage of the agent."""
