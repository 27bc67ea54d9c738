precious = 1
