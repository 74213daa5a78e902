using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Hosting;
using FindMe.Pipeline;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Signs in with Mastodon, on the person's own instance. FindMe registers itself there once as an OAuth app.</summary>
/// <remarks>
/// https://docs.joinmastodon.org/methods/apps and /methods/oauth. An instance is untrusted: it is reached only through
/// <see cref="OutsideHttp"/>, at the paths that Mastodon documents and never at addresses that it supplies.
/// </remarks>
internal sealed class MastodonSignIn(
    OutsideHttp http, DaprClient dapr, IDataProtectionProvider protection, IOptions<SignInOptions> options, IOptions<FetchOptions> fetching, OwnAddresses own, TimeProvider time)
{
    // After a year FindMe registers itself again.
    private static readonly TimeSpan AppLifetime = TimeSpan.FromDays(365);

    // Anybody can name any server, so a registration that nobody has signed in with expires soon.
    private static readonly TimeSpan UnusedLifetime = TimeSpan.FromHours(1);

    private readonly IDataProtector _protector = protection.CreateProtector("FindMe.MastodonApp.v1");

    public bool IsOffered => options.Value.Mastodon;

    /// <summary>Parses the address of an instance; null if it is not valid.</summary>
    /// <param name="instance">The person's text: <c>mastodon.social</c>, optionally with a port, or a handle such as <c>@me@mastodon.social</c>.</param>
    public Uri? ServerOf(string? instance)
    {
        var name = instance?.Trim().TrimEnd('/') ?? "";
        name = name[(name.LastIndexOf('@') + 1)..];
        name = name.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? name["https://".Length..] : name;
        if (name.Length is 0 or > 253 || name.Any(character => !char.IsLetterOrDigit(character) && character is not '.' and not '-' and not ':'))
        {
            return null;
        }

        // The server receives tokens: only a test server on this machine may lack https.
        var scheme = fetching.Value.AllowedPrivateHosts.Contains(name, StringComparer.OrdinalIgnoreCase) ? "http" : "https";
        return Uri.TryCreate($"{scheme}://{name}", UriKind.Absolute, out var server) && server.AbsolutePath == "/" && OutsideHttp.HostOf(server)?.Contains('.') == true ? server : null;
    }

    /// <summary>The redirect address, a different one per instance, so that another instance's response arrives at the wrong address.</summary>
    public static string RedirectAt(Uri home, Uri server) => new Uri(home, $"/sign-in/mastodon/callback/{Uri.EscapeDataString(server.Authority)}").AbsoluteUri;

    /// <summary>Returns the address where the person authorizes FindMe; registers FindMe on the instance if necessary.</summary>
    /// <exception cref="SignInException">The server is not a Mastodon instance, or rejects the registration.</exception>
    /// <exception cref="FetchException">The server does not answer, or its address is not public.</exception>
    public async Task<string> AuthorizeAtAsync(SignInAttempt attempt, CancellationToken cancellationToken)
    {
        var app = await AppAsync(attempt.Server, cancellationToken);
        return QueryHelpers.AddQueryString(new Uri(attempt.Server, "/oauth/authorize").AbsoluteUri, new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = app.ClientId,
            ["redirect_uri"] = attempt.Redirect,
            ["scope"] = app.Scopes,
            ["state"] = attempt.State,
            ["code_challenge"] = attempt.Challenge,
            ["code_challenge_method"] = "S256",
        });
    }

    /// <summary>Exchanges the code for a token, and reads the account.</summary>
    /// <exception cref="SignInException">The instance rejects the code.</exception>
    /// <exception cref="FetchException">The instance does not answer.</exception>
    public async Task<PendingAccount> FinishAsync(SignInAttempt attempt, string code, CancellationToken cancellationToken)
    {
        var who = attempt.Server.Authority;
        var app = await AppAsync(attempt.Server, cancellationToken);
        var answer = await http.SendAsync(
            NetworkTokens.Form(
                new Uri(attempt.Server, "/oauth/token"),
                null,
                ("grant_type", "authorization_code"),
                ("client_id", app.ClientId),
                ("client_secret", app.ClientSecret),
                ("redirect_uri", attempt.Redirect),
                ("code", code),
                ("code_verifier", attempt.Verifier)),
            cancellationToken);
        if (answer.Status == HttpStatusCode.Unauthorized)
        {
            // The instance no longer knows FindMe: the next attempt registers it again.
            await dapr.DeleteStateAsync(StateKeys.Store, Key(attempt.Server), cancellationToken);
        }

        var token = answer.Json(who).Text("access_token", who);
        await dapr.UpdateStateAsync<EncryptedApp>(
            Key(attempt.Server), current => current.IsUsed ? current : current with { IsUsed = true }, _ => AppLifetime, cancellationToken);
        var me = (await http.SendAsync(
            new FetchRequest(new Uri(attempt.Server, "/api/v1/accounts/verify_credentials")) { Authorization = new AuthenticationHeaderValue("Bearer", token) },
            cancellationToken)).Json(who);
        var handle = $"{me.Text("username", who)}@{who}";
        var avatar = me.Picture("avatar_static") ?? me.Picture("avatar");
        return new PendingAccount(
            new AccountSummary(
                SourceNames.Mastodon, me.Text("id", who), handle, who, avatar?.AbsolutePath.EndsWith("/missing.png", StringComparison.Ordinal) == true ? null : avatar, time.GetUtcNow()),
            new AccountSecrets
            {
                Network = SourceNames.Mastodon,
                Server = attempt.Server,
                Handle = handle,
                AccessToken = token,
                ClientId = app.ClientId,
                ClientSecret = app.ClientSecret,
            });
    }

    private async Task<App> AppAsync(Uri server, CancellationToken cancellationToken)
    {
        var key = Key(server);
        if (Decrypt(await dapr.GetStateAsync<EncryptedApp>(StateKeys.Store, key, cancellationToken)) is { } known)
        {
            return known;
        }

        // Of two concurrent registrations the first writer wins; the other one is never used.
        var scopes = await ScopesAsync(server, cancellationToken);
        var answer = (await http.SendAsync(
            new FetchRequest(new Uri(server, "/api/v1/apps"))
            {
                Method = HttpMethod.Post,
                Content = () => JsonContent.Create(new { client_name = "FindMe", redirect_uris = Redirects(server), scopes }),
            },
            cancellationToken)).Json(server.Authority);
        var app = new App(answer.Text("client_id", server.Authority), answer.Text("client_secret", server.Authority), scopes);
        var document = new EncryptedApp(app.ClientId, app.Scopes, Convert.ToBase64String(_protector.Protect(Encoding.UTF8.GetBytes(app.ClientSecret))));
        return Decrypt(await dapr.CreateOrUpdateStateAsync<EncryptedApp>(
            key, current => Decrypt(current) is null ? document : current!, current => current.IsUsed ? AppLifetime : UnusedLifetime + options.Value.AttemptLifetime, cancellationToken)) ?? app;
    }

    // "profile" asks for less than read:accounts; instances support it since 4.3, which also introduced this metadata. read:statuses is for hashtag timelines.
    private async Task<string> ScopesAsync(Uri server, CancellationToken cancellationToken)
    {
        var description = await http.SendAsync(new FetchRequest(new Uri(server, "/.well-known/oauth-authorization-server")), cancellationToken);
        var knowsProfile = description.IsSuccess
            && description.Json(server.Authority).TryGetProperty("scopes_supported", out var supported)
            && supported.ValueKind == System.Text.Json.JsonValueKind.Array
            && supported.EnumerateArray().Any(scope => scope.TryGetText() == "profile");
        return knowsProfile ? "profile read:accounts read:statuses" : "read:accounts read:statuses";
    }

    private App? Decrypt(EncryptedApp? document)
    {
        try
        {
            return document is null
                ? null
                : new App(document.ClientId, Encoding.UTF8.GetString(_protector.Unprotect(Convert.FromBase64String(document.ClientSecret))), document.Scopes);
        }
        catch (CryptographicException)
        {
            // The key ring was lost: register again.
            return null;
        }
    }

    // An instance accepts registered redirect addresses only. Register all of FindMe's at once, and again when they change.
    private string[] Redirects(Uri server) => [.. own.All.Select(home => RedirectAt(home, server))];

    private string Key(Uri server) =>
        $"mastodon-app/{server.Authority}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', Redirects(server)))))[..16]}";

    private sealed record App(string ClientId, string ClientSecret, string Scopes);

    /// <summary>FindMe's registration on an instance; the key ring encrypts its secret.</summary>
    private sealed record EncryptedApp(string ClientId, string Scopes, string ClientSecret) : Document
    {
        /// <summary>Whether somebody has signed in with it.</summary>
        public bool IsUsed { get; init; }
    }
}
