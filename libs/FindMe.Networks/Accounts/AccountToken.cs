using System.Text.Json.Serialization;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>A person's access to a network, in memory only.</summary>
/// <param name="Network">One of <see cref="SourceNames"/>: <c>mastodon</c>, <c>x</c> or <c>bluesky</c>.</param>
/// <param name="Server">Whom it is for: the instance of Mastodon, X's API, the account's personal data server of Bluesky.</param>
/// <param name="Handle">The account's name as the network writes it, without @.</param>
/// <param name="AccessToken">For the header <c>Authorization: Bearer</c>, to <paramref name="Server"/> and to nobody else.</param>
/// <param name="Generation">Counts the refreshes: says which token was refused.</param>
public sealed record AccountToken(string Network, Uri Server, string Handle, string AccessToken, int Generation)
{
    /// <summary>Without the token: a record's own text would carry it into any log.</summary>
    public override string ToString() => $"{Network}: {Handle}";
}

/// <summary>Everything secret of an account. Lies sealed under <see cref="StateKeys.Account"/>.</summary>
public sealed record AccountSecrets
{
    /// <summary>One of <see cref="SourceNames"/>.</summary>
    public required string Network { get; init; }

    /// <summary>Whom the tokens are for.</summary>
    public required Uri Server { get; init; }

    /// <summary>The account's name, without @.</summary>
    public required string Handle { get; init; }

    /// <summary>The access token.</summary>
    public required string AccessToken { get; init; }

    /// <summary>When the access token expires; null: the network does not say, or never.</summary>
    public DateTimeOffset? AccessExpiresAt { get; init; }

    /// <summary>What a new access token is had for; null: nothing, the person signs in again.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>Bluesky's app password, for when the refresh token has expired too; null elsewhere.</summary>
    public string? AppPassword { get; init; }

    /// <summary>The client that the tokens were given to; null where there is none.</summary>
    public string? ClientId { get; init; }

    /// <summary>The client's secret; null: a public client.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>Nothing secret.</summary>
    public override string ToString() => $"{Network}: {Handle}";
}

/// <summary>An account that a person has signed in with and not linked yet.</summary>
/// <param name="Account">What may be shown of it.</param>
/// <param name="Secrets">What may not.</param>
public sealed record PendingAccount(AccountSummary Account, AccountSecrets Secrets)
{
    /// <summary>What the browser must show that redeemed the network's answer; null: it is linked at once.</summary>
    public string? Nonce { get; init; }


    /// <summary>Nothing secret.</summary>
    public override string ToString() => Secrets.ToString();
}

/// <summary>A <see cref="PendingAccount"/>, encrypted under its person's key.</summary>
/// <param name="Encrypted">The account as JSON, encrypted: see <see cref="PersonKeys"/>.</param>
internal sealed record EncryptedPendingAccount(string Encrypted) : Document;

/// <summary>An account's secrets, encrypted under its person's key.</summary>
/// <param name="Ciphertext">The secrets as JSON, encrypted: see <see cref="PersonKeys"/>.</param>
/// <param name="Generation">Counts the refreshes, from 0.</param>
/// <param name="ExpiresAt">When the store forgets it.</param>
/// <param name="RefreshingBy">Who is refreshing it just now; null: nobody.</param>
/// <param name="RefreshingUntil">When whoever refreshes must have died.</param>
internal sealed record EncryptedAccount(
    [property: JsonPropertyName("sealed")] string Ciphertext, int Generation, DateTimeOffset ExpiresAt, string? RefreshingBy = null, DateTimeOffset? RefreshingUntil = null) : Document;
