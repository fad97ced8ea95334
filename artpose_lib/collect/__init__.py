"""From museums to a folder of pictures: one polite session, one file a museum, one resumable harvest."""
