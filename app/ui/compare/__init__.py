"""The page "Compare": what do fewer bits cost me, on this computer?"""
