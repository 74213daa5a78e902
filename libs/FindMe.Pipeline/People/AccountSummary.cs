using System.Security.Cryptography;
using System.Text;

namespace FindMe.Pipeline;

/// <summary>What may be shown of an account that a person is signed in with. Part of <see cref="Person"/>.</summary>
/// <param name="Network">One of <see cref="SourceNames"/>.</param>
/// <param name="Id">What the network calls the account, whatever its handle becomes.</param>
/// <param name="Handle">Its name as the network writes it, without @.</param>
/// <param name="Server">The instance's or server's host; null: there is only one.</param>
/// <param name="Avatar">Where the network has its picture; null: it has none of its own.</param>
/// <param name="SignedInAt">When the person signed in with it.</param>
public sealed record AccountSummary(string Network, string Id, string Handle, string? Server, Uri? Avatar, DateTimeOffset SignedInAt)
{
    /// <summary>Where it stands whose the account is: see <see cref="StateKeys.AccountOwner"/>.</summary>
    public string OwnerKey() => StateKeys.AccountOwner(
        Network, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{(Network == SourceNames.Mastodon ? Server : "")}/{Id}"))));
}
