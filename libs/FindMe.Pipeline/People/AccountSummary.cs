using System.Security.Cryptography;
using System.Text;

namespace FindMe.Pipeline;

/// <summary>The part of a linked account that may be shown. Part of <see cref="Person"/>.</summary>
/// <param name="Network">One of <see cref="SourceNames"/>.</param>
/// <param name="Id">The network's id of the account; it stays the same when the handle changes.</param>
/// <param name="Handle">The account's name as the network writes it, without @.</param>
/// <param name="Server">The host of the instance or server; null for networks with only one.</param>
/// <param name="Avatar">The address of the account's picture; null if it has none.</param>
/// <param name="SignedInAt">When the person signed in.</param>
public sealed record AccountSummary(string Network, string Id, string Handle, string? Server, Uri? Avatar, DateTimeOffset SignedInAt)
{
    /// <summary>The key of the entry that names the account's owner: see <see cref="StateKeys.AccountOwner"/>.</summary>
    public string OwnerKey() => StateKeys.AccountOwner(
        Network, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{(Network == SourceNames.Mastodon ? Server : "")}/{Id}"))));
}
