"""A simulated campus whose truth is known, to see how often suggestions agree with it."""
