using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Matches account handles as operators write them in lists: <c>@me@mastodon.social</c>, <c>me.bsky.social</c>, <c>x:me</c>.</summary>
public static class AccountHandles
{
    /// <summary>Whether a handle in an operator's list names an account.</summary>
    /// <param name="written">A handle, with or without @, optionally prefixed with its network and a colon. Without a prefix it matches every network except X.</param>
    /// <param name="network">The account's network.</param>
    /// <param name="handle">The account's handle, with or without @.</param>
    public static bool AreSame(string written, string network, string handle)
    {
        var (named, name) = Split(written);
        return (named is null ? network != SourceNames.X : named == network) && string.Equals(name, Bare(handle), StringComparison.OrdinalIgnoreCase);
    }

    // Only the name of a network counts as a prefix: the port of an instance also follows a colon.
    // A bare name never means X, because it could be anybody's.
    private static (string? Network, string Name) Split(string written)
    {
        foreach (var network in new[] { SourceNames.X, SourceNames.Mastodon, SourceNames.Bluesky })
        {
            if (written.StartsWith(network + ":", StringComparison.OrdinalIgnoreCase))
            {
                return (network, Bare(written[(network.Length + 1)..]));
            }
        }

        return (null, Bare(written));
    }

    private static string Bare(string handle) => handle.Trim().TrimStart('@');
}
