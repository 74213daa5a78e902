using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FindMe.Pipeline;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>A sign-in that waits for its person to come back from the network.</summary>
/// <param name="Network">One of <see cref="SourceNames"/>.</param>
/// <param name="Server">The network's server that was asked: no other may answer.</param>
/// <param name="Person">Who began: whoever comes back must be the same.</param>
/// <param name="State">Goes to the network and comes back: nobody else's answer is taken.</param>
/// <param name="Verifier">PKCE: only who began can use the code.</param>
/// <param name="Redirect">Where the network sends the person; must be told again, letter by letter.</param>
internal sealed record SignInAttempt(string Network, Uri Server, string Person, string State, string Verifier, string Redirect)
{
    /// <summary>What the network is told of the verifier (RFC 7636, S256).</summary>
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    /// <summary>Nothing that a log could give away.</summary>
    public override string ToString() => Network;
}

/// <summary>Keeps a person's sign-in in a cookie of theirs, sealed: there is nothing to keep on this side, and no second browser has it.</summary>
internal sealed class SignInAttempts(IDataProtectionProvider protection, IOptions<SignInOptions> options)
{
    // Not the cookie of the person: it must come along when the network's page leads back here, and for ten minutes only.
    private const string Cookie = "findme-sign-in";

    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("FindMe.SignIn.v1").ToTimeLimitedDataProtector();

    /// <summary>Begins a sign-in; an earlier one of this browser is forgotten.</summary>
    public SignInAttempt Begin(HttpContext context, string network, Uri server, string person, string redirect)
    {
        // 32 bytes give 43 characters, the shortest verifier that is allowed.
        var attempt = new SignInAttempt(network, server, person, Random(), Random(), redirect);
        var json = JsonSerializer.SerializeToUtf8Bytes(attempt, PipelineJson.Options);
        context.Response.Cookies.Append(Cookie, Base64Url.EncodeToString(_protector.Protect(json, options.Value.AttemptLifetime)), new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Path = "/sign-in",
            MaxAge = options.Value.AttemptLifetime,
        });
        return attempt;
    }

    /// <summary>Ends the sign-in of this browser, whatever becomes of it: no answer is taken twice.</summary>
    /// <returns>Null where there is none, or it took too long.</returns>
    public SignInAttempt? End(HttpContext context)
    {
        var cookie = context.Request.Cookies[Cookie];
        context.Response.Cookies.Delete(Cookie, new CookieOptions { Path = "/sign-in" });
        try
        {
            return cookie is null ? null : JsonSerializer.Deserialize<SignInAttempt>(_protector.Unprotect(Base64Url.DecodeFromChars(cookie)), PipelineJson.Options);
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException)
        {
            return null;
        }
    }

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
