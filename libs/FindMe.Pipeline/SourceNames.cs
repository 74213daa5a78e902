namespace FindMe.Pipeline;

/// <summary>Names of sources that code outside their folders in FindMe.Networks needs: the networks people have accounts on, and this server's own sources.</summary>
public static class SourceNames
{
    /// <summary>A folder that the operator offers.</summary>
    public const string Album = "album";

    /// <summary>A ZIP file that the person uploaded.</summary>
    public const string Zip = "zip";

    /// <summary>Mastodon.</summary>
    public const string Mastodon = "mastodon";

    /// <summary>Bluesky.</summary>
    public const string Bluesky = "bluesky";

    /// <summary>X, formerly Twitter.</summary>
    public const string X = "x";
}
