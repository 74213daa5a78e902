using System.Security.Claims;
using System.Security.Cryptography;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace FindMe.Api;

/// <summary>Who calls: a person who has agreed, known by their cookie. Asking for one makes an endpoint answer 403 to everybody else.</summary>
/// <param name="Id">128 random bits, 32 hexadecimal digits; nothing that says who they are.</param>
/// <param name="Person">Their document as it was when the request came.</param>
internal sealed record CurrentUser(string Id, Person Person)
{
    public static ValueTask<CurrentUser?> BindAsync(HttpContext context) =>
        ValueTask.FromResult(context.Features.Get<CurrentUser>());
}

/// <summary>Recognises callers by an encrypted cookie, and turns away those who have not agreed yet.</summary>
internal static class CurrentUsers
{
    /// <summary>The claim that holds a person's id.</summary>
    public const string Claim = "person";

    private const string SessionClaim = "session";

    // Browsers in which one person can be at the same time; the oldest gives way.
    private const int MaxSessions = 10;

    // How exactly their last visit is known: each time it is written again, so is their document.
    private static readonly TimeSpan VisitKept = TimeSpan.FromDays(1);

    /// <summary>What a person is kept for after they were last here: as long as their youngest reference or search can be.</summary>
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

    /// <summary>Reads and writes the cookie. Belongs before the rate limiter, which counts by person, and that before <see cref="UseCurrentUsers"/>, which asks the store.</summary>
    public static void UseSessionCookies(this WebApplication app)
    {
        // Secure everywhere but http://localhost, also behind a proxy that ends TLS: over plain http another host gets no cookie to keep.
        app.UseCookiePolicy(new CookiePolicyOptions
        {
            OnAppendCookie = context => context.CookieOptions.Secure = !IsLocal(context.Context.Request),
            OnDeleteCookie = context => context.CookieOptions.Secure = !IsLocal(context.Context.Request),
        });
        app.UseAuthentication();
    }

    /// <summary>Finds out who calls where an endpoint wants to know, and turns away everybody else.</summary>
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

    /// <summary>Only a person who has agreed gets in.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="otherwise">The answer to everybody else; null: 403 <c>consent-required</c>.</param>
    public static TBuilder RequireCaller<TBuilder>(this TBuilder endpoint, IResult? otherwise = null)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new CurrentUserRequired(otherwise ?? Problems.ConsentRequired));

    /// <summary>The person behind the request's cookie; null when there is none, or they have not agreed, or are leaving.</summary>
    public static async Task<CurrentUser?> CurrentUserOfAsync(HttpContext context) =>
        await KnownUserOfAsync(context) is { Person.Deleting: false } user ? await VisitAsync(context, user) : null;

    /// <summary>The same, but also a person who is leaving: what was left of them when that was interrupted can still be deleted.</summary>
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

    // What is expired is not shown from its moment on, and goes from the document at the next visit.
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

    /// <summary>The session of the request's cookie; null where there is none.</summary>
    public static string? SessionOf(HttpContext context) => context.User.FindFirstValue(SessionClaim);

    /// <summary>A new person's id.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>A browser's session: what its cookie must hold beside the person.</summary>
    public static string NewSession() => NewId();

    /// <summary>The sessions of a person with one more, in place of the one that this browser had.</summary>
    public static IReadOnlyList<string> WithSession(this Person person, string session, string? replaced = null) =>
        [.. person.Sessions.Where(other => other != replaced).TakeLast(MaxSessions - 1), session];

    /// <summary>Gives a person their cookie.</summary>
    public static Task SignInAsync(HttpContext context, string person, string session)
    {
        var identity = new ClaimsIdentity([new Claim(Claim, person), new Claim(SessionClaim, session)], CookieAuthenticationDefaults.AuthenticationScheme);
        return context.SignInAsync(new ClaimsPrincipal(identity), new AuthenticationProperties { IsPersistent = true });
    }

    private static bool IsLocal(HttpRequest request) => !request.IsHttps && request.Host.Host is "localhost" or "127.0.0.1" or "[::1]";

    private sealed record CurrentUserRequired(IResult Otherwise);
}
