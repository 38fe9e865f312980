"""What this computer is: memory, processors, devices."""
