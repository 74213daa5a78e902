using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using FindMe.Networks;
using FindMe.Hosting;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Signs in with a Bluesky app password, which is sent only to the server that holds the account.</summary>
/// <remarks>Handle → DID → its document → the server: https://atproto.com/specs/handle, https://atproto.com/specs/did.</remarks>
internal sealed partial class BlueskySignIn(
    OutsideHttp http, IOptions<SignInOptions> options, IOptions<BlueskyOptions> bluesky, IOptions<FetchOptions> fetching, TimeProvider time)
{
    private const string Who = "Bluesky";

    public bool IsOffered => options.Value.Bluesky;

    /// <summary>Whether this is an app password rather than the account's main password, which nobody should enter here.</summary>
    public static bool IsAppPassword(string? password) => password is not null && AppPassword().IsMatch(password);

    /// <summary>Extracts the handle from a person's text; null if it is not valid.</summary>
    public static string? HandleOf(string? text)
    {
        var handle = text?.Trim().TrimStart('@').ToLowerInvariant() ?? "";
        return handle.Length <= 253 && Handle().IsMatch(handle) ? handle : null;
    }

    /// <summary>Creates a session on the account's server.</summary>
    /// <exception cref="SignInException">The account does not exist, or the password is wrong.</exception>
    /// <exception cref="FetchException">A server does not answer, or its address is not public.</exception>
    public async Task<PendingAccount> SignInAsync(string handle, string appPassword, CancellationToken cancellationToken)
    {
        var did = (await http.SendAsync(
            new FetchRequest(new Uri(bluesky.Value.Service, $"/xrpc/com.atproto.identity.resolveHandle?handle={Uri.EscapeDataString(handle)}")), cancellationToken))
            .Json(Who).Text("did", Who);
        var server = await ServerOfAsync(did, handle, cancellationToken);
        var answer = await http.SendAsync(NetworkTokens.CreateBlueskySession(server, did, appPassword), cancellationToken);
        if (answer.Status == HttpStatusCode.Unauthorized)
        {
            throw new SignInException("Bluesky does not accept this app password.");
        }

        var session = answer.Json(Who);
        if (session.Text("did", Who) != did)
        {
            throw new SignInException("The server signed in to a different account.");
        }

        var secrets = new AccountSecrets
        {
            Network = SourceNames.Bluesky,
            Server = server,
            Handle = handle,
            AccessToken = session.Text("accessJwt", Who),
            RefreshToken = session.Text("refreshJwt", Who),
            AppPassword = appPassword,
        };
        return new PendingAccount(
            new AccountSummary(SourceNames.Bluesky, did, handle, server.Authority, await AvatarAsync(secrets, did, cancellationToken), time.GetUtcNow()), secrets);
    }

    private async Task<Uri> ServerOfAsync(string did, string handle, CancellationToken cancellationToken)
    {
        var address = did.StartsWith("did:plc:", StringComparison.Ordinal) && Did().IsMatch(did) ? new Uri(options.Value.BlueskyDirectory, "/" + did)
            : did.StartsWith("did:web:", StringComparison.Ordinal) && Handle().IsMatch(did["did:web:".Length..]) ? new Uri($"https://{did["did:web:".Length..]}/.well-known/did.json")
            : throw new SignInException("FindMe does not support this account's kind of identity.");
        var document = (await http.SendAsync(new FetchRequest(address), cancellationToken)).Json(Who);

        // Check the reverse direction too: anybody can claim a handle, but only the identity's document confirms it.
        var known = document.TryGetProperty("alsoKnownAs", out var names)
            && names.ValueKind == JsonValueKind.Array
            && names.EnumerateArray().Any(name => string.Equals(name.TryGetText(), $"at://{handle}", StringComparison.OrdinalIgnoreCase));
        if (!known)
        {
            throw new SignInException("This handle does not belong to that account.");
        }

        foreach (var service in document.TryGetProperty("service", out var services) && services.ValueKind == JsonValueKind.Array ? services.EnumerateArray().ToArray() : [])
        {
            if (service.Text("id", Who).EndsWith("#atproto_pds", StringComparison.Ordinal)
                && Uri.TryCreate(service.Text("serviceEndpoint", Who), UriKind.Absolute, out var server)
                && IsSafe(server))
            {
                return server;
            }
        }

        throw new SignInException("This account names no server that FindMe can use.");
    }

    // The server receives a password: only a test server on this machine may lack https.
    private bool IsSafe(Uri server) =>
        server.Scheme == Uri.UriSchemeHttps
        || (server.Scheme == Uri.UriSchemeHttp && fetching.Value.AllowedPrivateHosts.Contains(server.Authority, StringComparer.OrdinalIgnoreCase));

    // Optional: signing in works without the picture.
    private async Task<Uri?> AvatarAsync(AccountSecrets secrets, string did, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await http.SendAsync(
                new FetchRequest(new Uri(secrets.Server, $"/xrpc/app.bsky.actor.getProfile?actor={Uri.EscapeDataString(did)}"))
                {
                    Authorization = new AuthenticationHeaderValue("Bearer", secrets.AccessToken),
                },
                cancellationToken);
            return answer.IsSuccess ? answer.Json(Who).Picture("avatar") : null;
        }
        catch (Exception exception) when (exception is FetchException or SignInException)
        {
            return null;
        }
    }

    [GeneratedRegex("^[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}$")]
    private static partial Regex AppPassword();

    [GeneratedRegex(@"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
    private static partial Regex Handle();

    [GeneratedRegex("^did:plc:[a-z2-7]{24}$")]
    private static partial Regex Did();
}
