"""What policies are made of: a Cartesian servo, grips, and a runner of phases for skills designed by hand."""
