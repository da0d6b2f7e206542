"""What is taken to the site: a sheet to print, and tables of materials. Made when asked for, from the job alone."""
