using System.Security.Cryptography;
using System.Text;
using Dapr;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>A code that gives another browser access to a person's data.</summary>
/// <param name="Code">Ten letters and digits in two groups; it can be used once.</param>
/// <param name="ExpiresAt">When it expires.</param>
internal sealed record BrowserCode(string Code, DateTimeOffset ExpiresAt);

/// <summary>A browser's request for access with a code.</summary>
/// <param name="Code">The code.</param>
/// <param name="Discard">Whether to delete this browser's own data first.</param>
internal sealed record BrowserEntry(string? Code, bool Discard = false);

/// <summary>Gives several browsers access to one person's data, with a code from a browser that already has access.</summary>
internal static class OtherBrowsers
{
    // Crockford's base 32, without letters that resemble digits. 32^10 codes, valid for ten minutes, with ten attempts per address in five minutes, cannot be guessed.
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int CodeLength = 10;

    // Long enough to walk to another device.
    private static readonly TimeSpan CodeLifetime = TimeSpan.FromMinutes(10);

    public static void MapOtherBrowsers(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/me/browser-code", CreateCodeAsync).RequireCaller().WithSummary("Create a code that gives another browser access to your data, once, within ten minutes.");
        routes.MapPost("/api/me/browsers", EnterAsync).RequireRateLimiting(RequestRates.SignIns).WithSummary("Get access to the data of another browser, with a code from there.");
        routes.MapDelete("/api/me/browsers", SignOutOthersAsync).RequireCaller().WithSummary("Sign out every browser but this one.");
    }

    private static async Task<Created<BrowserCode>> CreateCodeAsync(
        HttpContext context, CurrentUser user, DaprClient dapr, TimeProvider time, CancellationToken cancellationToken)
    {
        var code = RandomNumberGenerator.GetString(Alphabet, CodeLength);
        await dapr.CreateOrUpdateStateAsync<StoredCode>(Key(code), _ => new StoredCode(user.Id, CurrentUsers.SessionOf(context)), _ => CodeLifetime, cancellationToken);
        return TypedResults.Created((string?)null, new BrowserCode($"{code[..5]}-{code[5..]}", time.GetUtcNow() + CodeLifetime));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> EnterAsync(
        BrowserEntry entry, HttpContext context, AccountDeletion deletion, DaprClient dapr, ILogger<AccountDeletion> logger, CancellationToken cancellationToken)
    {
        var code = new string([.. (entry.Code ?? "").ToUpperInvariant().Where(char.IsAsciiLetterOrDigit).Take(CodeLength + 1)]).Replace('O', '0').Replace('I', '1').Replace('L', '1');
        var key = Key(code);
        if (code.Length != CodeLength || await dapr.GetStateAsync<StoredCode>(StateKeys.Store, key, cancellationToken) is not { Used: false } stored)
        {
            return WrongCode;
        }

        var user = await CurrentUsers.KnownUserOfAsync(context);
        if (user?.Id == stored.Person)
        {
            return TypedResults.NoContent();
        }

        if (user is { Person: { HasData: true } or { Accounts.Count: > 0 } } && !entry.Discard)
        {
            return Problems.Of(
                409, "things-here", "This browser has selfies, searches or accounts of its own.", "Keep them, and use another browser; or send discard: true, which deletes them first.");
        }

        // Of two concurrent requests with the same code, only one gets access.
        var isMine = false;
        await dapr.UpdateStateAsync<StoredCode>(
            key,
            current =>
            {
                isMine = !current.Used;
                return isMine ? current with { Used = true } : current;
            },
            _ => CodeLifetime,
            cancellationToken);
        if (!isMine)
        {
            return WrongCode;
        }

        // A code is only valid while the session that created it is signed in.
        var session = CurrentUsers.NewSession();
        var opened = await dapr.UpdatePersonAsync(
            stored.Person,
            person => person.Sessions.Contains(stored.Session) ? person with { Sessions = person.WithSession(session) } : person,
            CancellationToken.None);
        if (opened?.Sessions.Contains(session) != true)
        {
            return WrongCode;
        }

        await CurrentUsers.SignInAsync(context, stored.Person, session);
        try
        {
            if (user is not null)
            {
                await deletion.DeleteAsync(user.Id);
            }
        }
        catch (DaprException exception)
        {
            // The person is marked as deleting, so the next round completes the deletion.
            AccountDeletionLog.Delayed(logger, exception.Message);
        }

        return TypedResults.NoContent();
    }

    private static async Task<NoContent> SignOutOthersAsync(HttpContext context, CurrentUser user, DaprClient dapr, CancellationToken cancellationToken)
    {
        var session = CurrentUsers.NewSession();
        // Not cancellable after the write, because only the new cookie grants access.
        cancellationToken.ThrowIfCancellationRequested();
        await dapr.UpdatePersonAsync(user.Id, person => person with { Sessions = [session] }, CancellationToken.None);
        await CurrentUsers.SignInAsync(context, user.Id, session);
        return TypedResults.NoContent();
    }

    private static ProblemHttpResult WrongCode { get; } = Problems.Of(
        422, "wrong-code", "This code is wrong, expired or already used.", "Create a new one in the other browser: My data, Use another browser too.");

    // The store contains only a hash, so that reading the store does not grant access.
    private static string Key(string code) =>
        StateKeys.BrowserCode(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code))));

    /// <summary>The person whose data a code gives access to.</summary>
    private sealed record StoredCode(string Person, string? Session, bool Used = false) : Document;
}
