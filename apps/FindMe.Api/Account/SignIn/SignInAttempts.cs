using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FindMe.Hosting;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>A sign-in that waits for the person to return from the network.</summary>
/// <param name="Network">One of <see cref="SourceNames"/>.</param>
/// <param name="Server">The network's server; responses from other servers are rejected.</param>
/// <param name="Person">The person who started it; only they can complete it.</param>
/// <param name="State">Sent to the network and returned by it; a response with another value is rejected.</param>
/// <param name="Verifier">The PKCE verifier: only the starter can use the code.</param>
/// <param name="Redirect">The redirect address; the token request must repeat it exactly.</param>
internal sealed record SignInAttempt(string Network, Uri Server, string Person, string State, string Verifier, string Redirect)
{
    /// <summary>The PKCE challenge of the verifier (RFC 7636, S256).</summary>
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    /// <summary>Omits the secrets.</summary>
    public override string ToString() => Network;
}

/// <summary>A network's response to a sign-in, which the person's page has not redeemed yet.</summary>
/// <param name="Attempt">The sign-in.</param>
/// <param name="Code">The code that the network exchanges for tokens, once.</param>
internal sealed record SignInAnswer(SignInAttempt Attempt, string Code)
{
    /// <summary>Omits the secrets.</summary>
    public override string ToString() => Attempt.Network;
}

/// <summary>Keeps a person's sign-in in encrypted cookies of their browser. The server stores nothing, and no other browser can complete it.</summary>
internal sealed class SignInAttempts(IDataProtectionProvider protection, IOptions<SignInOptions> options)
{
    // Lax: the browser must send it when the network's page redirects back.
    private static readonly AttemptCookie Started = new("findme-sign-in", "/sign-in", SameSiteMode.Lax);

    // Strict: only FindMe's own page redeems a response.
    private static readonly AttemptCookie Answered = new("findme-answer", "/api/sign-in", SameSiteMode.Strict);

    // Strict: only the browser that redeemed the response may link the account, not another browser of the same person.
    private static readonly AttemptCookie Redeemed = new("findme-account", "/api", SameSiteMode.Strict);

    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("FindMe.SignIn.v1").ToTimeLimitedDataProtector();

    /// <summary>Starts a sign-in. Replaces an earlier one of this browser.</summary>
    public SignInAttempt Begin(HttpContext context, string network, Uri server, string person, string redirect)
    {
        // 32 bytes encode to 43 characters, the minimum length of a verifier.
        var attempt = new SignInAttempt(network, server, person, Random(), Random(), redirect);
        Write(context, Started, attempt);
        return attempt;
    }

    /// <summary>Returns and removes the started sign-in, so that only one response is accepted.</summary>
    /// <returns>Null when there is none, or it has expired.</returns>
    public SignInAttempt? End(HttpContext context) => Take<SignInAttempt>(context, Started);

    /// <summary>Stores the network's response until the page redeems it.</summary>
    public void Keep(HttpContext context, SignInAnswer answer) => Write(context, Answered, answer);

    /// <summary>Returns and removes the stored response.</summary>
    /// <returns>Null when there is none, or it has expired.</returns>
    public SignInAnswer? TakeAnswer(HttpContext context) => Take<SignInAnswer>(context, Answered);

    /// <summary>Marks this browser as the one that may link the redeemed account.</summary>
    public string NewNonce(HttpContext context)
    {
        var nonce = Random();
        Write(context, Redeemed, nonce);
        return nonce;
    }

    /// <summary>Whether this browser redeemed the account.</summary>
    public bool HasRedeemed(HttpContext context, PendingAccount pending) =>
        pending.Nonce is not null && Read<string>(context, Redeemed) is { } nonce && Secrets.AreSame(nonce, pending.Nonce);

    private void Write<T>(HttpContext context, AttemptCookie cookie, T value)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, PipelineJson.Options);
        context.Response.Cookies.Append(cookie.Name, Base64Url.EncodeToString(_protector.Protect(json, options.Value.AttemptLifetime)), new CookieOptions
        {
            HttpOnly = true,
            SameSite = cookie.SameSite,
            Path = cookie.Path,
            MaxAge = options.Value.AttemptLifetime,
        });
    }

    private T? Take<T>(HttpContext context, AttemptCookie cookie)
        where T : class
    {
        context.Response.Cookies.Delete(cookie.Name, new CookieOptions { Path = cookie.Path });
        return Read<T>(context, cookie);
    }

    private T? Read<T>(HttpContext context, AttemptCookie cookie)
        where T : class
    {
        var value = context.Request.Cookies[cookie.Name];
        try
        {
            return value is null ? null : JsonSerializer.Deserialize<T>(_protector.Unprotect(Base64Url.DecodeFromChars(value)), PipelineJson.Options);
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or JsonException)
        {
            return null;
        }
    }

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private sealed record AttemptCookie(string Name, string Path, SameSiteMode SameSite);
}
