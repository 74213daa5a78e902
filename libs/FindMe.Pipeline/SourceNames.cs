namespace FindMe.Pipeline;

/// <summary>The kinds of sources, as searches and posts name them.</summary>
public static class SourceNames
{
    /// <summary>A folder that the operator offers.</summary>
    public const string Album = "album";

    /// <summary>A ZIP file that the person sent.</summary>
    public const string Zip = "zip";

    /// <summary>Hashtags on the networks that cost nothing, together.</summary>
    public const string Hashtags = "hashtags";

    /// <summary>Hashtags on Mastodon.</summary>
    public const string Mastodon = "mastodon";

    /// <summary>Bluesky.</summary>
    public const string Bluesky = "bluesky";

    /// <summary>X, formerly Twitter.</summary>
    public const string X = "x";
}
