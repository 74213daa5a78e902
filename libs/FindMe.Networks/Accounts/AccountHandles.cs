using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Handles as operators write them in lists: <c>@me@mastodon.social</c>, <c>me.bsky.social</c>, <c>x:me</c>.</summary>
public static class AccountHandles
{
    /// <summary>Whether what an operator wrote names an account.</summary>
    /// <param name="written">A handle, perhaps with a network and a colon before it, perhaps with @; without a network it is of any that has such handles.</param>
    /// <param name="network">The account's network.</param>
    /// <param name="handle">The account's handle, perhaps with @.</param>
    public static bool AreSame(string written, string network, string handle)
    {
        var (named, name) = Split(written);
        return (named is null ? network != SourceNames.X : named == network) && string.Equals(name, Bare(handle), StringComparison.OrdinalIgnoreCase);
    }

    // A port of an instance has a colon too, but no network's name stands before it. A bare name is X's only where that is said: anybody could be meant.
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
