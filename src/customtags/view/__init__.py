"""An index as one machine sees it, for installers that no hook reaches."""
