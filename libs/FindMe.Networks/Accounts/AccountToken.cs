using System.Text.Json.Serialization;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>A person's access to a network, in memory only.</summary>
/// <param name="Network">One of <see cref="SourceNames"/>: <c>mastodon</c>, <c>x</c> or <c>bluesky</c>.</param>
/// <param name="Server">The server that accepts the token: the Mastodon instance, X's API, or the account's personal data server on Bluesky.</param>
/// <param name="Handle">The account's name as the network writes it, without @.</param>
/// <param name="AccessToken">Sent in the header <c>Authorization: Bearer</c>, to <paramref name="Server"/> only.</param>
/// <param name="Generation">Counts the refreshes, to tell a rejected token from a newer one.</param>
public sealed record AccountToken(string Network, Uri Server, string Handle, string AccessToken, int Generation)
{
    /// <summary>Omits the token: the generated text would write it into any log.</summary>
    public override string ToString() => $"{Network}: {Handle}";
}

/// <summary>The secrets of an account. Stored encrypted under <see cref="StateKeys.Account"/>.</summary>
public sealed record AccountSecrets
{
    /// <summary>One of <see cref="SourceNames"/>.</summary>
    public required string Network { get; init; }

    /// <summary>The server that accepts the tokens.</summary>
    public required Uri Server { get; init; }

    /// <summary>The account's name, without @.</summary>
    public required string Handle { get; init; }

    /// <summary>The access token.</summary>
    public required string AccessToken { get; init; }

    /// <summary>When the access token expires; null if the network gives no expiry.</summary>
    public DateTimeOffset? AccessExpiresAt { get; init; }

    /// <summary>Obtains new access tokens; null if there is none, so that the person must sign in again.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>Bluesky's app password, used when the refresh token has expired too; null elsewhere.</summary>
    public string? AppPassword { get; init; }

    /// <summary>The OAuth client that the tokens were issued to; null if there is none.</summary>
    public string? ClientId { get; init; }

    /// <summary>The client's secret; null for a public client.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>Omits the secrets.</summary>
    public override string ToString() => $"{Network}: {Handle}";
}

/// <summary>An account that a person has signed in with but not linked yet.</summary>
/// <param name="Account">The part that may be shown.</param>
/// <param name="Secrets">The part that may not.</param>
public sealed record PendingAccount(AccountSummary Account, AccountSecrets Secrets)
{
    /// <summary>A value that the browser which completed the sign-in must present to link the account; null if the account is linked at once.</summary>
    public string? Nonce { get; init; }


    /// <summary>Omits the secrets.</summary>
    public override string ToString() => Secrets.ToString();
}

/// <summary>A <see cref="PendingAccount"/>, encrypted under its person's key.</summary>
/// <param name="Encrypted">The account as JSON, encrypted: see <see cref="PersonKeys"/>.</param>
internal sealed record EncryptedPendingAccount(string Encrypted) : Document;

/// <summary>An account's secrets, encrypted under its person's key.</summary>
/// <param name="Ciphertext">The secrets as JSON, encrypted: see <see cref="PersonKeys"/>.</param>
/// <param name="Generation">Counts the refreshes, from 0.</param>
/// <param name="ExpiresAt">When the store deletes it.</param>
/// <param name="RefreshingBy">The caller that holds the refresh lease; null if nobody does.</param>
/// <param name="RefreshingUntil">When the refresh lease expires.</param>
internal sealed record EncryptedAccount(
    [property: JsonPropertyName("sealed")] string Ciphertext, int Generation, DateTimeOffset ExpiresAt, string? RefreshingBy = null, DateTimeOffset? RefreshingUntil = null) : Document;
