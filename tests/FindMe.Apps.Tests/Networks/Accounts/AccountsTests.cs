using System.Security.Cryptography;
using Dapr.Client;
using FindMe.Networks;
using FindMe.DemoNetworks;
using FindMe.Pipeline;
using LocalDapr;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace FindMe.Apps.Tests.Networks;

public sealed class AccountsTests : IAsyncLifetime
{
    private const string Ada = "ada";

    private readonly TemporaryFolder _folder = new();
    private LocalSidecar? _sidecar;
    private NetworkBench? _networks;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private NetworkBench Networks => _networks!;

    public async ValueTask InitializeAsync()
    {
        _networks = await NetworkBench.StartAsync(new Scenario());
        _sidecar = await LocalSidecar.StartAsync(
            new SidecarOptions { DataPath = _folder.Folder("data"), ResourcesPath = Path.Combine(Checkouts.Root, "components"), Apps = [new SidecarApp("findme-api", 0, [])] },
            Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _sidecar!.DisposeAsync();
        await _networks!.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task However_many_in_two_processes_renew_a_refused_token_the_network_is_asked_once()
    {
        using var one = NewProcess();
        using var other = NewProcess();
        await one.SignInAsync();
        var refused = (await one.Accounts.TokenAsync(Ada, SourceNames.Bluesky, Cancellation))!;

        var renewed = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => (i % 2 == 0 ? one : other).Accounts.RefreshAsync(Ada, refused, Cancellation)));

        Assert.Equal(1, Networks.Bluesky.Grants.Refreshes);
        Assert.NotEqual(refused.AccessToken, Assert.Single(renewed.Select(token => token!.AccessToken).Distinct()));
        Assert.Equal(renewed[0]!.AccessToken, (await other.Accounts.TokenAsync(Ada, SourceNames.Bluesky, Cancellation))!.AccessToken);
    }

    // The store's reply is lost, and daprd writes once more under an ETag that is used up: every write is a conflict, and done.
    [Fact]
    public async Task A_token_whose_saving_was_answered_as_a_conflict_is_kept_and_not_given_back()
    {
        var faults = new LocalDapr.Faults.FaultInjection { Plan = new LocalDapr.Faults.FaultPlan { RepeatWriteEvery = 1 } };
        await using var sidecar = await LocalSidecar.StartAsync(
            new SidecarOptions
            {
                DataPath = _folder.Folder("repeated"),
                ResourcesPath = Path.Combine(Checkouts.Root, "components"),
                Apps = [new SidecarApp("findme-api", 0, [])],
                Interceptor = faults,
            },
            Cancellation);
        using var process = new AccountProcess(sidecar.GrpcEndpointOf("findme-api"), _folder.Folder("keys"), Networks);
        await process.SignInAsync();
        var refused = (await process.Accounts.TokenAsync(Ada, SourceNames.Bluesky, Cancellation))!;

        var renewed = await process.Accounts.RefreshAsync(Ada, refused, Cancellation);

        Assert.NotNull(renewed);
        Assert.Equal(renewed.AccessToken, (await process.Accounts.TokenAsync(Ada, SourceNames.Bluesky, Cancellation))!.AccessToken);
        Assert.Empty(Networks.Bluesky.Grants.Revoked);
        Assert.InRange(faults.Counters.Of(LocalDapr.Faults.FaultKind.RepeatedWrite), 3, 100);
    }

    [Fact]
    public async Task A_network_that_does_not_answer_leaves_the_token_to_be_renewed_later()
    {
        using var process = NewProcess();
        await process.SignInAsync();
        var refused = (await process.Accounts.TokenAsync(Ada, SourceNames.Bluesky, Cancellation))!;
        Networks.Bluesky.Faults.Add(new Fault("refreshSession", FaultKind.Unavailable));

        await Assert.ThrowsAsync<FetchException>(() => process.Accounts.RefreshAsync(Ada, refused, Cancellation));

        Assert.NotNull(await process.Accounts.RefreshAsync(Ada, refused, Cancellation));
    }

    [Fact]
    public async Task Access_that_was_revoked_is_forgotten()
    {
        using var process = NewProcess();
        await process.SignInAsync(appPassword: false);
        var account = new AccountSummary(SourceNames.Bluesky, "did:plc:ann", "ann.test", null, null, DateTimeOffset.UnixEpoch);
        var person = new Person { ConsentVersion = "", ConsentAt = DateTimeOffset.UnixEpoch, Accounts = [account] };
        await process.Dapr.SaveStateAsync(StateKeys.Store, StateKeys.Person(Ada), person, TimeSpan.FromHours(1), Cancellation);
        await process.Dapr.SaveStateAsync(StateKeys.Store, account.OwnerKey(), new { person = Ada }, TimeSpan.FromHours(1), Cancellation);
        var refused = (await process.Accounts.TokenAsync(Ada, SourceNames.Bluesky, Cancellation))!;
        Networks.Bluesky.Grants.RevokeAll();

        Assert.Null(await process.Accounts.RefreshAsync(Ada, refused, Cancellation));
        Assert.Empty((await process.Dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(Ada), Cancellation))!.Accounts);
        Assert.Null(await process.Dapr.GetStateAsync<object>(StateKeys.Store, account.OwnerKey(), Cancellation));
        Assert.Null(await process.Accounts.TokenAsync(Ada, SourceNames.Bluesky, Cancellation));
    }

    [Fact]
    public async Task Without_the_persons_key_no_token_can_be_read()
    {
        using var process = NewProcess();
        await process.SignInAsync();

        await process.Keys.ShredAsync(Ada, Cancellation);

        Assert.Null(await process.Accounts.TokenAsync(Ada, SourceNames.Bluesky, Cancellation));
    }

    [Fact]
    public async Task A_key_that_cannot_be_unwrapped_now_is_no_key_that_is_gone_and_is_not_replaced()
    {
        using var process = NewProcess();
        await process.SignInAsync();
        using var blind = NewProcess(ring: "empty");

        await Assert.ThrowsAnyAsync<CryptographicException>(() => blind.Accounts.TokenAsync(Ada, SourceNames.Bluesky, Cancellation));
        await Assert.ThrowsAnyAsync<CryptographicException>(() => blind.References.ReadAsync(Ada, ["a"], Cancellation));
        await Assert.ThrowsAnyAsync<CryptographicException>(() => blind.Keys.GetOrCreateAsync(Ada, TimeSpan.FromHours(1), Cancellation));

        Assert.NotNull(await process.Accounts.TokenAsync(Ada, SourceNames.Bluesky, Cancellation));
    }

    private AccountProcess NewProcess(string ring = "keys") => new(_sidecar!.GrpcEndpointOf("findme-api"), _folder.Folder(ring), Networks);

    /// <summary>What one process of FindMe has of accounts.</summary>
    private sealed class AccountProcess : IDisposable
    {
        private readonly OutsideHttp _outside;
        private readonly NetworkBench _networks;

        public AccountProcess(Uri sidecar, string keys, NetworkBench networks)
        {
            _networks = networks;
            _outside = new OutsideHttp(Options.Create(new FetchOptions { AllowedPrivateHosts = [networks.Bluesky.Address.Authority], Retries = 0 }));
            Dapr = SidecarClients.ClientOf(sidecar);
            Keys = new PersonKeys(Dapr, DataProtectionProvider.Create(new DirectoryInfo(keys)));
            References = new References(Dapr, Keys);
            Accounts = new Accounts(Dapr, Keys, new NetworkTokens(_outside, TimeProvider.System, NullLogger<NetworkTokens>.Instance), TimeProvider.System);
        }

        public DaprClient Dapr { get; }

        public PersonKeys Keys { get; }

        public References References { get; }

        public Accounts Accounts { get; }

        public async Task SignInAsync(bool appPassword = true)
        {
            var (handle, password) = ("ann.test", _networks.Scenario.Accounts[0].AppPassword);
            var session = await _outside.SendAsync(NetworkTokens.CreateBlueskySession(_networks.Bluesky.Address, handle, password), Cancellation);
            var json = System.Text.Json.JsonDocument.Parse(session.Body).RootElement;
            var secrets = new AccountSecrets
            {
                Network = SourceNames.Bluesky,
                Server = _networks.Bluesky.Address,
                Handle = handle,
                AccessToken = json.GetProperty("accessJwt").GetString()!,
                RefreshToken = json.GetProperty("refreshJwt").GetString(),
                AppPassword = appPassword ? password : null,
            };
            await Accounts.SaveAsync(Ada, secrets, TimeSpan.FromHours(1), Cancellation);
        }

        public void Dispose()
        {
            Dapr.Dispose();
            _outside.Dispose();
        }
    }
}
