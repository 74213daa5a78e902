using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using FindMe.Hosting;
using FindMe.Pipeline;
using Microsoft.Extensions.Logging;

namespace FindMe.Networks;

/// <summary>Refreshes and revokes access tokens at the networks' token endpoints.</summary>
/// <param name="http">Sends the requests.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs failed revocations, never a token.</param>
public sealed partial class NetworkTokens(OutsideHttp http, TimeProvider time, ILogger<NetworkTokens> logger)
{
    /// <summary>Token responses have a few hundred bytes; this leaves room.</summary>
    private const int MaxAnswerBytes = 64 << 10;

    /// <summary>Whether the access can be refreshed. Mastodon's cannot: its tokens never expire.</summary>
    /// <param name="secrets">The account's secrets.</param>
    public static bool CanRefresh(AccountSecrets secrets) => secrets.RefreshToken is not null || secrets.AppPassword is not null;

    /// <summary>Refreshes an access.</summary>
    /// <param name="secrets">The secrets to refresh it with.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The new secrets; null when the network rejects the old ones and the person must sign in again.</returns>
    /// <exception cref="FetchException">The network could not be reached, or did not send a token response.</exception>
    public Task<AccountSecrets?> TryRefreshAsync(AccountSecrets secrets, CancellationToken cancellationToken) => secrets.Network switch
    {
        SourceNames.X => RefreshXAsync(secrets, cancellationToken),
        SourceNames.Bluesky => RefreshBlueskyAsync(secrets, cancellationToken),
        _ => Task.FromResult<AccountSecrets?>(null),
    };

    /// <summary>Revokes an access.</summary>
    /// <param name="secrets">The access.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Whether the network confirmed it.</returns>
    public async Task<bool> TryRevokeAsync(AccountSecrets secrets, CancellationToken cancellationToken)
    {
        try
        {
            var status = HttpStatusCode.OK;
            foreach (var request in RevocationsOf(secrets))
            {
                status = (await http.SendAsync(request with { MaxBytes = MaxAnswerBytes }, cancellationToken)).Status;
                if (!IsGone(status))
                {
                    break;
                }
            }

            if (!IsGone(status))
            {
                LogNotRevoked(logger, secrets.Network, $"{(int)status}");
            }

            return IsGone(status);
        }
        catch (FetchException exception)
        {
            LogNotRevoked(logger, secrets.Network, exception.Message);
            return false;
        }
    }

    // An expired session (401) counts as revoked.
    private static bool IsGone(HttpStatusCode status) => (int)status is (>= 200 and < 300) or 401;

    private static IEnumerable<FetchRequest> RevocationsOf(AccountSecrets secrets) => secrets.Network switch
    {
        // The refresh token first: without it, the access token expires soon anyway.
        SourceNames.X => new[] { secrets.RefreshToken, secrets.AccessToken }.OfType<string>().Select(token => Form(
            new Uri(secrets.Server, "/2/oauth2/revoke"), ClientOf(secrets), secrets.ClientSecret is null ? ("client_id", secrets.ClientId!) : null, ("token", token))),
        SourceNames.Mastodon => [Form(
            new Uri(secrets.Server, "/oauth/revoke"), null, ("client_id", secrets.ClientId!), ("client_secret", secrets.ClientSecret!), ("token", secrets.AccessToken))],
        SourceNames.Bluesky => [new FetchRequest(new Uri(secrets.Server, "/xrpc/com.atproto.server.deleteSession"))
        {
            Method = HttpMethod.Post,
            Authorization = new AuthenticationHeaderValue("Bearer", secrets.RefreshToken),
        }],
        _ => [],
    };

    // https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/user-access-token: confidential clients authenticate with Basic.
    private async Task<AccountSecrets?> RefreshXAsync(AccountSecrets secrets, CancellationToken cancellationToken)
    {
        var answer = await http.SendAsync(
            Form(
                new Uri(secrets.Server, "/2/oauth2/token"),
                ClientOf(secrets),
                secrets.ClientSecret is null ? ("client_id", secrets.ClientId!) : null,
                ("grant_type", "refresh_token"),
                ("refresh_token", secrets.RefreshToken!)),
            cancellationToken);
        return Read(answer) is not { } json ? null : secrets with
        {
            AccessToken = Text(json, "access_token"),
            RefreshToken = json.TryGetProperty("refresh_token", out _) ? Text(json, "refresh_token") : secrets.RefreshToken,
            AccessExpiresAt = ExpiryOf(json),
        };
    }

    // https://docs.bsky.app/docs/api/com-atproto-server-refresh-session. Sessions last about two months; after that the app password creates a new one.
    private async Task<AccountSecrets?> RefreshBlueskyAsync(AccountSecrets secrets, CancellationToken cancellationToken)
    {
        var answer = await http.SendAsync(
            new FetchRequest(new Uri(secrets.Server, "/xrpc/com.atproto.server.refreshSession"))
            {
                Method = HttpMethod.Post,
                Authorization = new AuthenticationHeaderValue("Bearer", secrets.RefreshToken),
                MaxBytes = MaxAnswerBytes,
            },
            cancellationToken);
        if (Read(answer) is not { } json)
        {
            if (secrets.AppPassword is null
                || Read(await http.SendAsync(CreateBlueskySession(secrets.Server, secrets.Handle, secrets.AppPassword), cancellationToken)) is not { } session)
            {
                return null;
            }

            json = session;
        }

        return secrets with { AccessToken = Text(json, "accessJwt"), RefreshToken = Text(json, "refreshJwt") };
    }

    /// <summary>Builds the request that creates a Bluesky session: https://docs.bsky.app/docs/api/com-atproto-server-create-session.</summary>
    /// <param name="server">The personal data server.</param>
    /// <param name="identifier">The account's handle or DID.</param>
    /// <param name="appPassword">An app password of the account.</param>
    public static FetchRequest CreateBlueskySession(Uri server, string identifier, string appPassword) =>
        new(new Uri(server, "/xrpc/com.atproto.server.createSession"))
        {
            Method = HttpMethod.Post,
            Content = () => new StringContent(
                JsonSerializer.Serialize(new { identifier, password = appPassword }), Encoding.UTF8, "application/json"),
            MaxBytes = MaxAnswerBytes,
        };

    /// <summary>Builds the POST of an OAuth 2 form.</summary>
    /// <param name="address">The endpoint.</param>
    /// <param name="client">The client's authentication header; null if none.</param>
    /// <param name="fields">The form's fields; null ones are left out.</param>
    public static FetchRequest Form(Uri address, AuthenticationHeaderValue? client, params (string Name, string Value)?[] fields)
    {
        var form = fields.OfType<(string Name, string Value)>().Select(field => KeyValuePair.Create(field.Name, field.Value)).ToList();
        return new FetchRequest(address) { Method = HttpMethod.Post, Authorization = client, Content = () => new FormUrlEncodedContent(form), MaxBytes = MaxAnswerBytes };
    }

    /// <summary>The authentication header of a confidential client of X (RFC 6749, 2.3.1); null for a public client, which sends its id in the form.</summary>
    /// <param name="secrets">The secrets that hold the client.</param>
    public static AuthenticationHeaderValue? ClientOf(AccountSecrets secrets) => secrets.ClientSecret is null
        ? null
        : new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(secrets.ClientId!)}:{Uri.EscapeDataString(secrets.ClientSecret)}")));

    /// <summary>When the access token in a response expires; null if the response does not say.</summary>
    /// <param name="json">The response of a token endpoint.</param>
    public DateTimeOffset? ExpiryOf(JsonElement json) =>
        json.TryGetProperty("expires_in", out var seconds) && seconds.ValueKind == JsonValueKind.Number && seconds.TryGetInt32(out var lifetime) ? time.GetUtcNow().AddSeconds(lifetime) : null;

    // 400, 401 and 403 mean that the grant is used up or revoked; anything else is transient.
    private static JsonElement? Read(FetchedAnswer answer) => answer switch
    {
        { IsSuccess: true } => Parse(answer.Body),
        { Status: HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } => null,
        _ => throw new FetchException(FetchProblem.Unreachable, $"The network answered {(int)answer.Status} to the refresh of a token."),
    };

    private static JsonElement Parse(byte[] body)
    {
        try
        {
            var json = JsonDocument.Parse(body).RootElement;
            return json.ValueKind == JsonValueKind.Object ? json : throw new FetchException(FetchProblem.Unreachable, "The network did not send a token response.");
        }
        catch (JsonException exception)
        {
            throw new FetchException(FetchProblem.Unreachable, "The network did not send a token response.", exception);
        }
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.TryGetText() is { Length: > 0 } text
            ? text
            : throw new FetchException(FetchProblem.Unreachable, "The network's token response has no token.");

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to revoke an access at {Network}: {Reason}.")]
    private static partial void LogNotRevoked(ILogger logger, string network, string reason);
}
