"""A picture that a client brought, in the place of drawn stencils."""
