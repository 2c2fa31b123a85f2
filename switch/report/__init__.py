"""Reports of a period for those who decide: a region's page, an institution's page. Pure."""
