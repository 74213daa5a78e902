namespace FindMe.Pipeline;

/// <summary>The kinds of sources that more than their own folder of FindMe.Networks knows: networks that people have accounts on, and what is of this server.</summary>
public static class SourceNames
{
    /// <summary>A folder that the operator offers.</summary>
    public const string Album = "album";

    /// <summary>A ZIP file that the person sent.</summary>
    public const string Zip = "zip";

    /// <summary>Mastodon.</summary>
    public const string Mastodon = "mastodon";

    /// <summary>Bluesky.</summary>
    public const string Bluesky = "bluesky";

    /// <summary>X, formerly Twitter.</summary>
    public const string X = "x";
}
