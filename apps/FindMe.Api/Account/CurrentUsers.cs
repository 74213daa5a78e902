using System.Security.Claims;
using System.Security.Cryptography;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace FindMe.Api;

/// <summary>The person who makes the request: they have consented and are identified by their cookie. An endpoint with this parameter answers 403 to everybody else.</summary>
/// <param name="Id">128 random bits, 32 hexadecimal digits; it does not reveal who they are.</param>
/// <param name="Person">Their document at the start of the request.</param>
internal sealed record CurrentUser(string Id, Person Person)
{
    public static ValueTask<CurrentUser?> BindAsync(HttpContext context) =>
        ValueTask.FromResult(context.Features.Get<CurrentUser>());
}

/// <summary>Identifies the current user by an encrypted cookie, and rejects requests of people who have not consented.</summary>
internal static class CurrentUsers
{
    /// <summary>The claim that holds a person's id.</summary>
    public const string Claim = "person";

    private const string SessionClaim = "session";

    // Most browsers of one person at a time; a new one signs out the oldest.
    private const int MaxSessions = 10;

    // The precision of a person's last visit: saving it also renews the document's time to live.
    private static readonly TimeSpan VisitKept = TimeSpan.FromDays(1);

    /// <summary>How long a person is kept after their last visit: as long as their newest reference or search can last.</summary>
    public static readonly TimeSpan Retention = Person.Retention;

    public static void AddCurrentUsers(this IServiceCollection services)
    {
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(cookie =>
        {
            cookie.Cookie.Name = "findme";
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SameSite = SameSiteMode.Lax;
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            cookie.ExpireTimeSpan = Retention;
            cookie.SlidingExpiration = true;
        });
    }

    /// <summary>Reads and writes the cookie. Call it before the rate limiter, which counts by person; the rate limiter comes before <see cref="UseCurrentUsers"/>, which reads the store.</summary>
    public static void UseSessionCookies(this WebApplication app)
    {
        // Secure everywhere except on http://localhost, also behind a proxy that terminates TLS: other hosts get no cookie over plain http.
        app.UseCookiePolicy(new CookiePolicyOptions
        {
            OnAppendCookie = context => context.CookieOptions.Secure = !IsLocal(context.Context.Request),
            OnDeleteCookie = context => context.CookieOptions.Secure = !IsLocal(context.Context.Request),
        });
        app.UseAuthentication();
    }

    /// <summary>Loads the current user for endpoints that need one, and rejects everybody else.</summary>
    public static void UseCurrentUsers(this WebApplication app) => app.Use(async (context, next) =>
    {
        var required = context.GetEndpoint()?.Metadata.GetMetadata<CurrentUserRequired>();
        if (required is null)
        {
            await next(context);
            return;
        }

        if (await CurrentUserOfAsync(context) is { } user)
        {
            context.Features.Set(user);
            await next(context);
            return;
        }

        await required.Otherwise.ExecuteAsync(context);
    });

    /// <summary>Requires a person who has consented.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="otherwise">The response to everybody else; null for 403 <c>consent-required</c>.</param>
    public static TBuilder RequireCaller<TBuilder>(this TBuilder endpoint, IResult? otherwise = null)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new CurrentUserRequired(otherwise ?? Problems.ConsentRequired));

    /// <summary>The person behind the request's cookie; null if there is none, they have not consented, or they are being deleted.</summary>
    public static async Task<CurrentUser?> CurrentUserOfAsync(HttpContext context) =>
        await KnownUserOfAsync(context) is { Person.Deleting: false } user ? await VisitAsync(context, user) : null;

    /// <summary>The same, but also a person who is being deleted, so that an interrupted deletion can be completed.</summary>
    public static async Task<CurrentUser?> KnownUserOfAsync(HttpContext context)
    {
        if (context.User.FindFirstValue(Claim) is not { } id)
        {
            return null;
        }

        var dapr = context.RequestServices.GetRequiredService<DaprClient>();
        var person = await dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(id), context.RequestAborted);
        return person?.Sessions.Contains(SessionOf(context)) == true ? new CurrentUser(id, person) : null;
    }

    // Expired references and accounts are hidden at once, and removed from the document at the next visit.
    private static async Task<CurrentUser?> VisitAsync(HttpContext context, CurrentUser user)
    {
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        if (user.Person.VisitedAt + VisitKept > now)
        {
            return user with { Person = user.Person.WithoutExpired(now) };
        }

        var dapr = context.RequestServices.GetRequiredService<DaprClient>();
        var person = await dapr.UpdatePersonAsync(
            user.Id, current => current.VisitedAt + VisitKept > now ? current : current.WithoutExpired(now) with { VisitedAt = now }, context.RequestAborted);
        return person is null ? null : new CurrentUser(user.Id, person.WithoutExpired(now));
    }

    /// <summary>The session in the request's cookie; null if there is none.</summary>
    public static string? SessionOf(HttpContext context) => context.User.FindFirstValue(SessionClaim);

    /// <summary>Creates a new person's id.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Creates the id of a browser's session, which its cookie contains in addition to the person.</summary>
    public static string NewSession() => NewId();

    /// <summary>The sessions of a person plus a new one, which replaces this browser's old one.</summary>
    public static IReadOnlyList<string> WithSession(this Person person, string session, string? replaced = null) =>
        [.. person.Sessions.Where(other => other != replaced).TakeLast(MaxSessions - 1), session];

    /// <summary>Sends a person their cookie.</summary>
    public static Task SignInAsync(HttpContext context, string person, string session)
    {
        var identity = new ClaimsIdentity([new Claim(Claim, person), new Claim(SessionClaim, session)], CookieAuthenticationDefaults.AuthenticationScheme);
        return context.SignInAsync(new ClaimsPrincipal(identity), new AuthenticationProperties { IsPersistent = true });
    }

    private static bool IsLocal(HttpRequest request) => !request.IsHttps && request.Host.Host is "localhost" or "127.0.0.1" or "[::1]";

    private sealed record CurrentUserRequired(IResult Otherwise);
}
