"""Construction sites: reported to dispatch before they begin, what lies near them, and what is checked on them."""

from gisapp.sites.forms import site_json, site_list
from gisapp.sites.lifecycle import ACTIONS, CHECKS, allowed, lacks, next_step, unchecked
from gisapp.sites.model import Site, SiteStep, site_of, sites_of
from gisapp.sites.nearness import BUFFER_M, Near, near
from gisapp.sites.reported import FLAGS, flag, unreported

__all__ = [
    "ACTIONS",
    "BUFFER_M",
    "CHECKS",
    "FLAGS",
    "Near",
    "Site",
    "SiteStep",
    "allowed",
    "flag",
    "lacks",
    "near",
    "next_step",
    "site_json",
    "site_list",
    "site_of",
    "sites_of",
    "unchecked",
    "unreported",
]
