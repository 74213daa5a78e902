using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>An account that waits for its person to link it.</summary>
/// <param name="Network">The network.</param>
/// <param name="Handle">Its name, without @.</param>
/// <param name="Instance">The instance or server; null: there is only one.</param>
/// <param name="IsElsewhere">Whether searches in another browser are linked to it: linking it here takes it from there.</param>
internal sealed record PendingAccountView(string Network, string Handle, string? Instance, bool IsElsewhere);

/// <summary>Where a person signs in.</summary>
/// <param name="Instance">The instance of Mastodon; null elsewhere.</param>
internal sealed record SignInStart(string? Instance);

/// <summary>A sign-in that has begun.</summary>
/// <param name="Address">The network's page, which asks the person.</param>
internal sealed record SignInStarted(string Address);

/// <summary>
/// POST /api/sign-in/{network} → the network's own page → GET /sign-in/{network}/callback → the page → POST /api/sign-in, which says whose
/// account it is → POST /api/accounts, which links it.
/// </summary>
/// <remarks>
/// The callback is the only GET, and changes nothing but a cookie: the network's answer is redeemed, and the account linked, by requests of
/// FindMe's own page. The callback always leads to the page's own start: no address in a request says where. What happened stands there as
/// <c>?sign-in=SLUG</c>: <c>confirm</c>, <c>refused</c>, <c>mismatch</c> or <c>failed</c>.
/// </remarks>
internal static class SignIns
{
    // Networks' codes and errors are far shorter. With it the cookie stays below the 4 kB that browsers keep.
    private const int MaxCodeLength = 1024;

    private static ProblemHttpResult NoAnswer { get; } = Problems.Of(
        409, "mismatch", "The network's answer does not belong to this browser's sign-in, or it came too late.", "Sign in again.");

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
        routes.MapPost("/api/sign-in/{network}", StartAsync).RequireCaller().WithSummary("Begin to sign in with x, or with mastodon on an instance.");
        // One address back for each instance: an answer that another one gave arrives at the wrong place (RFC 9700, 4.4.2.2).
        routes.MapGet("/sign-in/{network}/callback/{server?}", ReceiveAnswer).RequireCaller(otherwise: Back("mismatch")).ExcludeFromDescription();
        routes.MapPost("/api/sign-in", RedeemAsync).RequireCaller().WithSummary("Redeem the network's answer: says whose account it is, and links nothing.");
        routes.MapDelete("/api/sign-in", CancelAsync).RequireCaller().WithSummary("Give the access to an account that was not linked back to its network.");
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
                // They deleted everything while the network answered: this must not be what is left of them.
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
        if (await accounts.ReadPendingAsync(user.Id, cancellationToken) is { } pending && attempts.Redeems(context, pending))
        {
            await accounts.RevokePendingAsync(user.Id, cancellationToken);
        }

        return TypedResults.NoContent();
    }

    private static ProblemHttpResult UnknownInstance { get; } = Problems.Of(
        422, "unknown-instance", "There is no such Mastodon server.", "Write it like mastodon.social: the part of your address after the last @.");

    private static ProblemHttpResult Unreachable(Exception exception) => Problems.Of(
        502, "network-unreachable", exception.Message, "Check its name, and try again in a moment.");

    // RFC 9207: a server that names itself in its answer must be the one that was asked.
    private static bool IsSame(string issuer, Uri server) =>
        Uri.TryCreate(issuer, UriKind.Absolute, out var address) && address.Authority == server.Authority && address.Scheme == server.Scheme;

    private static RedirectHttpResult Back(string slug) => TypedResults.Redirect($"/?sign-in={slug}");
}
