using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>The current user as they see themselves.</summary>
/// <param name="Accounts">The accounts they are signed in with.</param>
/// <param name="SignIn">The networks they can sign in with.</param>
/// <param name="ReportAbuse">Where to report misuse; null if the operator set no address.</param>
/// <param name="OtherBrowsers">How many other browsers have access to the same data.</param>
/// <param name="Demo">What the demo offers with its sample face; null if nothing.</param>
internal sealed record MeView(IReadOnlyList<AccountView> Accounts, IReadOnlyList<string> SignIn, string? ReportAbuse, int OtherBrowsers = 0, DemoView? Demo = null);

/// <summary>An account as its owner sees it.</summary>
/// <param name="Network">The network.</param>
/// <param name="Handle">The account's handle, without @.</param>
/// <param name="Instance">The instance or server; null for networks with only one.</param>
/// <param name="AvatarUrl">The address of its picture, on this origin; null if it has none.</param>
/// <param name="AvatarAsReference">Whether the picture may be used as a reference.</param>
internal sealed record AccountView(string Network, string Handle, string? Instance, string? AvatarUrl, bool AvatarAsReference);

/// <summary>A sign-in with a Bluesky app password.</summary>
/// <param name="Handle">The account's handle.</param>
/// <param name="AppPassword">Four groups of four letters and digits.</param>
/// <param name="MoveHere">Whether to move the account here from searches in another browser.</param>
internal sealed record BlueskyAccount(string? Handle, string? AppPassword, bool MoveHere = false);

/// <summary>The account to link, as the person confirmed it.</summary>
/// <param name="Network">The account's network.</param>
/// <param name="Handle">The account's handle.</param>
/// <param name="MoveHere">Whether to move it here from searches in another browser.</param>
internal sealed record AccountLink(string? Network, string? Handle, bool MoveHere = false);

/// <summary>An account that was signed out.</summary>
/// <param name="Network">The network.</param>
/// <param name="Revoked">Whether the network confirmed that the access was revoked; otherwise the person should revoke it there.</param>
/// <param name="Accounts">The accounts that are still signed in.</param>
/// <param name="OtherBrowsers">How many other browsers still have access to the same data.</param>
internal sealed record SignedOut(string Network, bool Revoked, IReadOnlyList<AccountView>? Accounts = null, int? OtherBrowsers = null);

/// <summary>A person's accounts: reading them, signing in with an app password, linking, signing out, the avatar.</summary>
internal static class AccountRoutes
{
    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/me", ReadAsync).WithSummary("The current user: linked accounts, and the networks to sign in with.");
        routes.MapPost("/api/accounts", LinkAsync).RequireCaller().WithSummary("Link the account that POST /api/sign-in returned.");
        routes.MapPost("/api/accounts/bluesky", SignInAsync).RequireCaller().RequireRateLimiting(RequestRates.SignIns).WithSummary("Sign in with a Bluesky app password.");
        routes.MapDelete("/api/accounts/{network}", SignOutAsync).RequireCaller(otherwise: Problems.NotFound).WithSummary("Sign out, and revoke the access at the network.");
        routes.MapGet("/api/accounts/{network}/avatar", ShowAvatarAsync).RequireCaller(otherwise: Problems.NotFound).WithSummary("Your account's picture.");
    }

    private static async Task<Ok<MeView>> ReadAsync(
        HttpContext context, XSignIn x, MastodonSignIn mastodon, BlueskySignIn bluesky, IOptions<XOptions> xOptions, IOptions<SafeguardOptions> oneself, SampleFace sample)
    {
        var user = await CurrentUsers.CurrentUserOfAsync(context);
        (string Network, bool IsOffered)[] networks =
            [(SourceNames.Mastodon, mastodon.IsOffered), (SourceNames.Bluesky, bluesky.IsOffered), (SourceNames.X, x.IsOffered)];
        return TypedResults.Ok(new MeView(
            Views(user?.Person, xOptions.Value),
            [.. networks.Where(network => network.IsOffered).Select(network => network.Network)],
            oneself.Value.ReportAbuse,
            OtherBrowsersOf(user?.Person),
            sample.Offer));
    }

    private static IReadOnlyList<AccountView> Views(Person? person, XOptions x) =>
    [
        .. (person?.Accounts ?? []).Select(account => new AccountView(
            account.Network,
            account.Handle,
            account.Server,
            account.Avatar is null ? null : $"/api/accounts/{account.Network}/avatar",
            account.Avatar is not null && MayUseAvatar(account, x))),
    ];

    private static int OtherBrowsersOf(Person? person) => Math.Max(0, (person?.Sessions.Count ?? 0) - 1);

    /// <summary>X forbids facial recognition without its approval, even on the picture of one's own account.</summary>
    public static bool MayUseAvatar(AccountSummary account, XOptions x) => account.Network != SourceNames.X || x.ApprovedByX;

    private static async Task<Results<NoContent, ProblemHttpResult>> LinkAsync(
        AccountLink link, HttpContext context, CurrentUser user, SignInAttempts attempts, AccountOwners owners, Accounts accounts, CancellationToken cancellationToken)
    {
        // Link only the account that the person confirmed, in the browser that asked for it: another tab may have signed in with another account
        // since, and a planted cookie is in two browsers.
        if (await accounts.ReadPendingAsync(user.Id, cancellationToken) is not { } pending
            || pending.Account.Network != link.Network || pending.Account.Handle != link.Handle || !attempts.HasRedeemed(context, pending))
        {
            return Problems.Of(409, "no-sign-in", "There is no pending sign-in with this account.", "Sign in again.");
        }

        var linked = await owners.LinkAsync(context, user, pending, link.MoveHere, cancellationToken);
        if (linked == LinkResult.LinkedElsewhere)
        {
            return Elsewhere;
        }

        await accounts.DeletePendingAsync(user.Id, cancellationToken);
        return linked == LinkResult.Linked ? TypedResults.NoContent() : Problems.ConsentRequired;
    }

    private static async Task<Results<Ok<MeView>, ProblemHttpResult>> SignInAsync(
        BlueskyAccount wish,
        HttpContext context,
        CurrentUser user,
        BlueskySignIn bluesky,
        AccountOwners owners,
        ILogger<BlueskySignIn> logger,
        CancellationToken cancellationToken)
    {
        if (!bluesky.IsOffered)
        {
            return Problems.NotFound;
        }

        if (BlueskySignIn.HandleOf(wish.Handle) is not { } handle)
        {
            return Problems.Of(422, "no-handle", "This is not a valid Bluesky handle.", "Write it like ann.bsky.social.");
        }

        if (!BlueskySignIn.IsAppPassword(wish.AppPassword))
        {
            return Problems.Of(
                422, "no-app-password", "This is not an app password.", "Do not enter your main password: create an app password in Bluesky's settings, of the form xxxx-xxxx-xxxx-xxxx.");
        }

        try
        {
            var signedIn = await bluesky.SignInAsync(handle, wish.AppPassword!, cancellationToken);
            return await owners.LinkAsync(context, user, signedIn, wish.MoveHere, cancellationToken) switch
            {
                LinkResult.Linked => TypedResults.Ok(new MeView([new AccountView(SourceNames.Bluesky, handle, signedIn.Account.Server, null, false)], [], null)),
                LinkResult.LinkedElsewhere => Elsewhere,
                _ => Problems.ConsentRequired,
            };
        }
        catch (SignInException exception)
        {
            SignInLog.Failed(logger, SourceNames.Bluesky, exception.Message);
            return Problems.Of(422, "sign-in-failed", exception.Message, "Check the handle, and create a new app password in Bluesky's settings.");
        }
        catch (FetchException exception)
        {
            SignInLog.Failed(logger, SourceNames.Bluesky, exception.Message);
            return Problems.Of(502, "network-unreachable", exception.Message, "Try again in a moment.");
        }
    }

    private static ProblemHttpResult Elsewhere { get; } = Problems.Of(
        409,
        "other-person",
        "This account is linked to searches in another browser.",
        "Send moveHere: true to use it here and sign it out there, or open those searches here with a code from that browser.");

    private static async Task<Results<Ok<SignedOut>, ProblemHttpResult>> SignOutAsync(
        string network, HttpContext context, CurrentUser user, Accounts accounts, IOptions<XOptions> x, CancellationToken cancellationToken)
    {
        if (user.Person.Accounts.All(account => account.Network != network))
        {
            return Problems.NotFound;
        }

        var revoked = await accounts.RevokeAsync(user.Id, network, cancellationToken);
        var left = (await CurrentUsers.CurrentUserOfAsync(context))?.Person;
        return TypedResults.Ok(new SignedOut(network, revoked, Views(left, x.Value), OtherBrowsersOf(left)));
    }

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ShowAvatarAsync(
        string network, CurrentUser user, Avatars avatars, HttpResponse response, CancellationToken cancellationToken)
    {
        if (user.Person.Accounts.FirstOrDefault(account => account.Network == network) is not { Avatar: { } avatar })
        {
            return Problems.NotFound;
        }

        try
        {
            var jpeg = await avatars.RenderAsync(avatar, cancellationToken);
            response.Headers.CacheControl = "private, max-age=600";
            return TypedResults.File(jpeg, "image/jpeg");
        }
        catch (Exception exception) when (exception is FetchException or PhotoException)
        {
            return Problems.Of(502, "avatar-unavailable", exception.Message, "Add another selfie.");
        }
    }
}
