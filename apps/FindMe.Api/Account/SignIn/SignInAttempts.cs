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

/// <summary>A network's answer to a sign-in: what is still to be redeemed by its person.</summary>
/// <param name="Attempt">The sign-in that it belongs to.</param>
/// <param name="Code">What the network exchanges for tokens, once.</param>
internal sealed record SignInAnswer(SignInAttempt Attempt, string Code)
{
    /// <summary>Nothing that a log could give away.</summary>
    public override string ToString() => Attempt.Network;
}

/// <summary>Keeps a person's sign-in in encrypted cookies of theirs: nothing is stored on this side, and no other browser has them.</summary>
internal sealed class SignInAttempts(IDataProtectionProvider protection, IOptions<SignInOptions> options)
{
    // Lax: it must come along when the network's page leads back here.
    private static readonly AttemptCookie Started = new("findme-sign-in", "/sign-in", SameSiteMode.Lax);

    // Strict: only FindMe's own page redeems an answer.
    private static readonly AttemptCookie Answered = new("findme-answer", "/api/sign-in", SameSiteMode.Strict);

    // Strict too: the account is linked by the browser that redeemed the answer, and no other one of the same person.
    private static readonly AttemptCookie Redeemed = new("findme-account", "/api", SameSiteMode.Strict);

    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("FindMe.SignIn.v1").ToTimeLimitedDataProtector();

    /// <summary>Begins a sign-in; an earlier one of this browser is forgotten.</summary>
    public SignInAttempt Begin(HttpContext context, string network, Uri server, string person, string redirect)
    {
        // 32 bytes give 43 characters, the shortest verifier that is allowed.
        var attempt = new SignInAttempt(network, server, person, Random(), Random(), redirect);
        Write(context, Started, attempt);
        return attempt;
    }

    /// <summary>Ends the wait for the network's answer, whatever it is: no answer is taken twice.</summary>
    /// <returns>Null where there is none, or it took too long.</returns>
    public SignInAttempt? End(HttpContext context) => Take<SignInAttempt>(context, Started);

    /// <summary>Keeps the network's answer until the page redeems it.</summary>
    public void Keep(HttpContext context, SignInAnswer answer) => Write(context, Answered, answer);

    /// <summary>Takes the kept answer, once.</summary>
    /// <returns>Null where there is none, or it took too long.</returns>
    public SignInAnswer? TakeAnswer(HttpContext context) => Take<SignInAnswer>(context, Answered);

    /// <summary>Marks this browser as the one that may link what it redeemed.</summary>
    public string NewNonce(HttpContext context)
    {
        var nonce = Random();
        Write(context, Redeemed, nonce);
        return nonce;
    }

    /// <summary>Whether this browser redeemed an account.</summary>
    public bool Redeems(HttpContext context, PendingAccount pending) =>
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
