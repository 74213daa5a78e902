using System.Net.Http.Headers;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Signs in with X: OAuth 2.0, authorization code with PKCE.</summary>
/// <remarks>https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code.</remarks>
internal sealed class XSignIn(OutsideHttp http, IOptions<SignInOptions> options, IOptions<XOptions> x, NetworkTokens tokens, TimeProvider time)
{
    // offline.access requests a refresh token: without one a search would end after two hours.
    private const string Scopes = "tweet.read users.read offline.access";

    public bool IsOffered => options.Value.XClientId is { Length: > 0 };

    public Uri Server => x.Value.Api;

    /// <summary>The address where the person authorizes FindMe.</summary>
    public string AuthorizeAt(SignInAttempt attempt) => QueryHelpers.AddQueryString(options.Value.XAuthorize.AbsoluteUri, new Dictionary<string, string?>
    {
        ["response_type"] = "code",
        ["client_id"] = options.Value.XClientId,
        ["redirect_uri"] = attempt.Redirect,
        ["scope"] = Scopes,
        ["state"] = attempt.State,
        ["code_challenge"] = attempt.Challenge,
        ["code_challenge_method"] = "S256",
    });

    /// <summary>Exchanges the code for tokens, and reads the account.</summary>
    /// <exception cref="SignInException">X rejects the code.</exception>
    /// <exception cref="FetchException">X does not answer.</exception>
    public async Task<PendingAccount> FinishAsync(SignInAttempt attempt, string code, CancellationToken cancellationToken)
    {
        var secrets = new AccountSecrets
        {
            Network = SourceNames.X,
            Server = Server,
            Handle = "",
            AccessToken = "",
            ClientId = options.Value.XClientId,
            ClientSecret = options.Value.XClientSecret,
        };
        var token = (await http.SendAsync(
            NetworkTokens.Form(
                new Uri(Server, "/2/oauth2/token"),
                NetworkTokens.ClientOf(secrets),
                secrets.ClientSecret is null ? ("client_id", secrets.ClientId!) : null,
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", attempt.Redirect),
                ("code_verifier", attempt.Verifier)),
            cancellationToken)).Json("X");
        secrets = secrets with
        {
            AccessToken = token.Text("access_token", "X"),
            RefreshToken = token.TryGetProperty("refresh_token", out _) ? token.Text("refresh_token", "X") : null,
            AccessExpiresAt = tokens.ExpiryOf(token),
        };

        var answer = (await http.SendAsync(
            new FetchRequest(new Uri(Server, "/2/users/me?user.fields=profile_image_url"))
            {
                Authorization = new AuthenticationHeaderValue("Bearer", secrets.AccessToken),
            },
            cancellationToken)).Json("X");
        if (!answer.TryGetProperty("data", out var me) || me.ValueKind != System.Text.Json.JsonValueKind.Object)
        {
            throw new SignInException("X's response lacks the account.");
        }

        var handle = me.Text("username", "X");
        return new PendingAccount(
            new AccountSummary(SourceNames.X, me.Text("id", "X"), handle, null, AvatarOf(me.Picture("profile_image_url")), time.GetUtcNow()),
            secrets with { Handle = handle });
    }

    // "_normal" has 48 pixels; without the suffix X returns the uploaded size. A default picture shows no face.
    private static Uri? AvatarOf(Uri? avatar) =>
        avatar is null || avatar.AbsolutePath.Contains("/default_profile_images/", StringComparison.Ordinal)
            ? null
            : new Uri(avatar.AbsoluteUri.Replace("_normal.", ".", StringComparison.Ordinal));
}
