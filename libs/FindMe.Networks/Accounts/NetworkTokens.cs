using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using FindMe.Hosting;
using FindMe.Pipeline;
using Microsoft.Extensions.Logging;

namespace FindMe.Networks;

/// <summary>The networks' token endpoints: what was had is renewed or given back there.</summary>
/// <param name="http">The way out.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Says that a network did not take a token back; never which.</param>
public sealed partial class NetworkTokens(OutsideHttp http, TimeProvider time, ILogger<NetworkTokens> logger)
{
    /// <summary>An answer of a token endpoint has a few hundred bytes.</summary>
    private const int MaxAnswerBytes = 64 << 10;

    /// <summary>Whether there is anything to renew an access with: Mastodon's tokens are for good or gone.</summary>
    /// <param name="secrets">The account's secrets.</param>
    public static bool CanRefresh(AccountSecrets secrets) => secrets.RefreshToken is not null || secrets.AppPassword is not null;

    /// <summary>Renews an access.</summary>
    /// <param name="secrets">What it is renewed with.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The new secrets; null when the network refuses: the person must sign in again.</returns>
    /// <exception cref="FetchException">The network could not be reached, or its answer is not a token response.</exception>
    public Task<AccountSecrets?> TryRefreshAsync(AccountSecrets secrets, CancellationToken cancellationToken) => secrets.Network switch
    {
        SourceNames.X => RefreshXAsync(secrets, cancellationToken),
        SourceNames.Bluesky => RefreshBlueskyAsync(secrets, cancellationToken),
        _ => Task.FromResult<AccountSecrets?>(null),
    };

    /// <summary>Gives an access back.</summary>
    /// <param name="secrets">The access.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether the network has confirmed it.</returns>
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

    // A session that has expired needs no ending.
    private static bool IsGone(HttpStatusCode status) => (int)status is (>= 200 and < 300) or 401;

    private static IEnumerable<FetchRequest> RevocationsOf(AccountSecrets secrets) => secrets.Network switch
    {
        // The refresh token first: what is left of an access without it ends by itself.
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

    // https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/user-access-token: confidential clients name themselves by Basic.
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

    // https://docs.bsky.app/docs/api/com-atproto-server-refresh-session. Sessions last about two months; then the app password makes another.
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

    /// <summary>Asks a personal data server of Bluesky for a session: https://docs.bsky.app/docs/api/com-atproto-server-create-session.</summary>
    /// <param name="server">The server.</param>
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

    /// <summary>A form to post, as OAuth 2 has it.</summary>
    /// <param name="address">The endpoint.</param>
    /// <param name="client">The client's own header; null: none.</param>
    /// <param name="fields">The form's fields; those that are null are left out.</param>
    public static FetchRequest Form(Uri address, AuthenticationHeaderValue? client, params (string Name, string Value)?[] fields)
    {
        var form = fields.OfType<(string Name, string Value)>().Select(field => KeyValuePair.Create(field.Name, field.Value)).ToList();
        return new FetchRequest(address) { Method = HttpMethod.Post, Authorization = client, Content = () => new FormUrlEncodedContent(form), MaxBytes = MaxAnswerBytes };
    }

    /// <summary>How a confidential client of X names itself (RFC 6749, 2.3.1); null: a public one, which names itself in the form.</summary>
    /// <param name="secrets">The secrets with the client.</param>
    public static AuthenticationHeaderValue? ClientOf(AccountSecrets secrets) => secrets.ClientSecret is null
        ? null
        : new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(secrets.ClientId!)}:{Uri.EscapeDataString(secrets.ClientSecret)}")));

    /// <summary>When the access token in an answer expires; null: it does not say.</summary>
    /// <param name="json">The answer of a token endpoint.</param>
    public DateTimeOffset? ExpiryOf(JsonElement json) =>
        json.TryGetProperty("expires_in", out var seconds) && seconds.ValueKind == JsonValueKind.Number && seconds.TryGetInt32(out var lifetime) ? time.GetUtcNow().AddSeconds(lifetime) : null;

    // 400 and 401 say that the grant is used up or revoked; anything else may pass.
    private static JsonElement? Read(FetchedAnswer answer) => answer switch
    {
        { IsSuccess: true } => Parse(answer.Body),
        { Status: HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } => null,
        _ => throw new FetchException(FetchProblem.Unreachable, $"The network answered {(int)answer.Status} when its token was to be renewed."),
    };

    private static JsonElement Parse(byte[] body)
    {
        try
        {
            var json = JsonDocument.Parse(body).RootElement;
            return json.ValueKind == JsonValueKind.Object ? json : throw new FetchException(FetchProblem.Unreachable, "The network answered something else than a token.");
        }
        catch (JsonException exception)
        {
            throw new FetchException(FetchProblem.Unreachable, "The network answered something else than a token.", exception);
        }
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.TryGetText() is { Length: > 0 } text
            ? text
            : throw new FetchException(FetchProblem.Unreachable, "The network answered without a token.");

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Network} did not take an access back: {Reason}.")]
    private static partial void LogNotRevoked(ILogger logger, string network, string reason);
}
