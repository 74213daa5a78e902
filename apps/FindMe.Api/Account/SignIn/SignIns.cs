using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>An account that awaits linking.</summary>
/// <param name="Network">The network.</param>
/// <param name="Handle">The account's handle, without @.</param>
/// <param name="Instance">The instance or server; null for networks with only one.</param>
/// <param name="IsElsewhere">Whether searches in another browser are linked to it; linking it here unlinks it there.</param>
internal sealed record PendingAccountView(string Network, string Handle, string? Instance, bool IsElsewhere);

/// <summary>The request body of a sign-in.</summary>
/// <param name="Instance">The Mastodon instance; null for other networks.</param>
internal sealed record SignInStart(string? Instance);

/// <summary>A started sign-in.</summary>
/// <param name="Address">The network's page, where the person authorizes FindMe.</param>
internal sealed record SignInStarted(string Address);

/// <summary>
/// POST /api/sign-in/{network} → the network's own page → GET /sign-in/{network}/callback → the page → POST /api/sign-in, which returns the
/// account → POST /api/accounts, which links it.
/// </summary>
/// <remarks>
/// The callback is the only GET, and changes only a cookie: FindMe's own page then requests to redeem the network's response and to link the
/// account. The callback always redirects to the page's start, never to an address from a request. The result is passed as
/// <c>?sign-in=SLUG</c>: <c>confirm</c>, <c>refused</c>, <c>mismatch</c> or <c>failed</c>.
/// </remarks>
internal static class SignIns
{
    // Networks' codes and errors are far shorter. The limit keeps the cookie below the 4 kB that browsers store.
    private const int MaxCodeLength = 1024;

    private static ProblemHttpResult NoAnswer { get; } = Problems.Of(
        409, "mismatch", "The network's response does not belong to this browser's sign-in, or the sign-in expired.", "Sign in again.");

    public static void AddSignIns(this IServiceCollection services)
    {
        services.AddOptions<SignInOptions>().BindConfiguration(SignInOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SignInOptions>, SignInOptionsValidator>();
        services.AddAccounts();
        services.AddSingleton<SignInAttempts>();
        services.AddSingleton<OwnAddresses>();
        services.AddSingleton<AccountOwners>();
        services.AddSingleton<XSignIn>();
        services.AddSingleton<MastodonSignIn>();
        services.AddSingleton<BlueskySignIn>();
        services.AddSingleton<Avatars>();
    }

    public static void MapSignIns(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/sign-in/{network}", StartAsync).RequireCaller().WithSummary("Start to sign in with x, or with mastodon on an instance.");
        // A callback address per instance: another instance's response arrives at the wrong address (RFC 9700, 4.4.2.2).
        routes.MapGet("/sign-in/{network}/callback/{server?}", ReceiveAnswer).RequireCaller(otherwise: Back("mismatch")).ExcludeFromDescription();
        routes.MapPost("/api/sign-in", RedeemAsync).RequireCaller().WithSummary("Redeem the network's response: returns the account without linking it.");
        routes.MapDelete("/api/sign-in", CancelAsync).RequireCaller().WithSummary("Cancel a sign-in, and revoke its access at the network.");
    }

    private static async Task<Results<Ok<SignInStarted>, ProblemHttpResult>> StartAsync(
        string network,
        SignInStart start,
        HttpContext context,
        CurrentUser user,
        SignInAttempts attempts,
        XSignIn x,
        MastodonSignIn mastodon,
        OwnAddresses own,
        ILogger<SignInAttempts> logger,
        CancellationToken cancellationToken)
    {
        var home = own.Of(context.Request);
        try
        {
            if (network == SourceNames.X && x.IsOffered)
            {
                return TypedResults.Ok(new SignInStarted(x.AuthorizeAt(attempts.Begin(context, network, x.Server, user.Id, new Uri(home, "/sign-in/x/callback").AbsoluteUri))));
            }

            if (network == SourceNames.Mastodon && mastodon.IsOffered)
            {
                if (mastodon.ServerOf(start.Instance) is not { } server)
                {
                    return UnknownInstance;
                }

                var redirect = MastodonSignIn.RedirectAt(home, server);
                return TypedResults.Ok(new SignInStarted(await mastodon.AuthorizeAtAsync(attempts.Begin(context, network, server, user.Id, redirect), cancellationToken)));
            }
        }
        catch (FetchException exception) when (exception.Problem is FetchProblem.ForbiddenAddress or FetchProblem.BadAddress)
        {
            SignInLog.Failed(logger, network, exception.Message);
            return UnknownInstance;
        }
        catch (Exception exception) when (exception is SignInException or FetchException)
        {
            SignInLog.Failed(logger, network, exception.Message);
            return Unreachable(exception);
        }

        return Problems.NotFound;
    }

    private static RedirectHttpResult ReceiveAnswer(
        string network, string? server, HttpContext context, CurrentUser user, SignInAttempts attempts, ILogger<SignInAttempts> logger)
    {
        var query = context.Request.Query;
        var attempt = attempts.End(context);
        if (attempt is null
            || attempt.Network != network
            || attempt.Person != user.Id
            || attempt.State != query["state"]
            || (network == SourceNames.Mastodon && attempt.Server.Authority != server)
            || (query["iss"].ToString() is { Length: > 0 } issuer && !IsSame(issuer, attempt.Server)))
        {
            SignInLog.Mismatch(logger, network);
            return Back("mismatch");
        }

        var code = query["code"].ToString();
        if (code.Length is 0 or > MaxCodeLength)
        {
            return Back(query["error"] == "access_denied" ? "refused" : "failed");
        }

        attempts.Keep(context, new SignInAnswer(attempt, code));
        return Back("confirm");
    }

    private static async Task<Results<Ok<PendingAccountView>, ProblemHttpResult>> RedeemAsync(
        HttpContext context,
        CurrentUser user,
        SignInAttempts attempts,
        XSignIn x,
        MastodonSignIn mastodon,
        AccountOwners owners,
        Accounts accounts,
        PersonKeys keys,
        IOptions<SignInOptions> options,
        ILogger<SignInAttempts> logger,
        CancellationToken cancellationToken)
    {
        if (attempts.TakeAnswer(context) is not { } answer || answer.Attempt.Person != user.Id)
        {
            return NoAnswer;
        }

        var network = answer.Attempt.Network;
        try
        {
            var pending = network == SourceNames.X
                ? await x.FinishAsync(answer.Attempt, answer.Code, cancellationToken)
                : await mastodon.FinishAsync(answer.Attempt, answer.Code, cancellationToken);
            await accounts.RevokePendingAsync(user.Id, cancellationToken);
            await accounts.SavePendingAsync(
                user.Id, pending with { Nonce = attempts.NewNonce(context) }, CurrentUsers.Retention, options.Value.AttemptLifetime, CancellationToken.None);
            if (await CurrentUsers.CurrentUserOfAsync(context) is null)
            {
                // The person deleted everything in the meantime: do not leave the pending account behind.
                await accounts.RevokePendingAsync(user.Id, CancellationToken.None);
                await keys.ShredAsync(user.Id, CancellationToken.None);
                return Problems.ConsentRequired;
            }

            return TypedResults.Ok(new PendingAccountView(
                network, pending.Account.Handle, pending.Account.Server, await owners.HasOtherOwnerAsync(user.Id, pending.Account, cancellationToken)));
        }
        catch (SignInException exception)
        {
            SignInLog.Failed(logger, network, exception.Message);
            return Problems.Of(422, "sign-in-failed", exception.Message, "Sign in again.");
        }
        catch (FetchException exception)
        {
            SignInLog.Failed(logger, network, exception.Message);
            return Unreachable(exception);
        }
    }

    private static async Task<NoContent> CancelAsync(HttpContext context, CurrentUser user, SignInAttempts attempts, Accounts accounts, CancellationToken cancellationToken)
    {
        if (await accounts.ReadPendingAsync(user.Id, cancellationToken) is { } pending && attempts.HasRedeemed(context, pending))
        {
            await accounts.RevokePendingAsync(user.Id, cancellationToken);
        }

        return TypedResults.NoContent();
    }

    private static ProblemHttpResult UnknownInstance { get; } = Problems.Of(
        422, "unknown-instance", "There is no such Mastodon server.", "Enter it like mastodon.social: the part of your handle after the last @.");

    private static ProblemHttpResult Unreachable(Exception exception) => Problems.Of(
        502, "network-unreachable", exception.Message, "Check its name, and try again in a moment.");

    // RFC 9207: the issuer in the response must be the server of the sign-in.
    private static bool IsSame(string issuer, Uri server) =>
        Uri.TryCreate(issuer, UriKind.Absolute, out var address) && address.Authority == server.Authority && address.Scheme == server.Scheme;

    private static RedirectHttpResult Back(string slug) => TypedResults.Redirect($"/?sign-in={slug}");
}
