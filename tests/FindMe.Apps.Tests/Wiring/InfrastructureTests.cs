using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>What infra/ deploys, as Bicep's own compiler makes it: which identity may do what.</summary>
public sealed class InfrastructureTests
{
    // Built-in roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security.
    private const string SecretsUser = "4633458b-17de-408a-b874-0445c86b69e6";
    private const string CryptoServiceEncryptionUser = "e147488a-f6f5-4113-8e2d-b22465e65bf6";

    private static Task<(string Output, string Complaints)>? _compiled;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_infrastructure_compiles_without_a_warning_and_is_formatted()
    {
        var (_, complaints) = await CompileAsync();

        Assert.Equal("", complaints);
        foreach (var file in Directory.GetFiles(Path.Combine(Checkouts.Root, "infra"), "*.bicep", SearchOption.AllDirectories))
        {
            var (formatted, _) = await BicepAsync("format", file, "--stdout");
            Assert.True(formatted == await File.ReadAllTextAsync(file, Cancellation), $"{file} is not formatted: bicep format {file}");
        }
    }

    [Fact]
    public async Task Each_secret_is_read_by_the_apps_that_need_it_and_none_by_Compare()
    {
        var template = (await CompileAsync()).Template;
        var vault = Module(template, "vault");

        // Each role on one secret, never on the vault.
        var readers = Resources(vault).Where(IsRole(SecretsUser)).ToList();
        Assert.NotEmpty(readers);
        Assert.All(readers, role => Assert.Contains("/secrets", Text(role["scope"]), StringComparison.Ordinal));

        // Who has them, by the loop over the names that main.bicep hands over.
        var byPrincipal = readers.ToDictionary(role => PrincipalOf(template, "vault", role), role => NamesOf(template, role));
        Assert.Equal(["apiVaultPrincipalId", "collectVaultPrincipalId"], byPrincipal.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["bluesky-app-password", "operator-key", "x-bearer-token", "x-client-secret"], byPrincipal["apiVaultPrincipalId"]);
        Assert.Equal(["bluesky-app-password", "x-bearer-token"], byPrincipal["collectVaultPrincipalId"]);

        // The key ring's key alone, by the identity that all three have.
        var wrap = Assert.Single(Resources(vault), resource => IsRole(CryptoServiceEncryptionUser)(resource));
        Assert.Contains("/keys", Text(wrap["scope"]), StringComparison.Ordinal);
        Assert.Equal("keysPrincipalId", PrincipalOf(template, "vault", wrap));

        // Which app has which identity for its secrets. Their code cannot use it: only the platform does, to read the secrets an app names.
        Assert.Contains("apiVaultId", Parameter(template, "api", "vaultIdentityId"), StringComparison.Ordinal);
        Assert.Contains("collectVaultId", Parameter(template, "collect", "vaultIdentityId"), StringComparison.Ordinal);
        Assert.Equal("", Parameter(template, "compare", "vaultIdentityId"));
        Assert.Equal("{}", Parameter(template, "compare", "settingsFromVault"));
        foreach (var name in new[] { "api", "collect", "compare" })
        {
            Assert.NotEmpty(Parameter(template, name, "identityIds"));
            Assert.DoesNotContain("Vault", Parameter(template, name, "identityIds"), StringComparison.Ordinal);
        }

        var app = Module(template, "api");
        var settings = Text(Resources(app).Single(resource => Text(resource["type"]) == "Microsoft.App/containerApps")["properties"]!["configuration"]!["identitySettings"]);
        Assert.Matches(@"map\(variables\('platformIdentityIds'\), .*'None'", settings);
        Assert.Contains("parameters('vaultIdentityId')", Text(app["variables"]!["platformIdentityIds"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_Api_writes_the_key_ring_and_the_uploads()
    {
        var template = (await CompileAsync()).Template;
        var modes = Resources(Module(template, "environment"))
            .Where(resource => Text(resource["type"]) == "Microsoft.App/managedEnvironments/storages")
            .ToDictionary(storage => Text(storage["name"]), storage => Text(storage["properties"]!["azureFile"]!["accessMode"]));
        var writable = modes.Where(mode => mode.Value == "ReadWrite").Select(mode => mode.Key).ToList();
        var volumes = Text(Resources(Module(template, "compare")).Single(resource => Text(resource["type"]) == "Microsoft.App/containerApps")["properties"]!["template"]!["volumes"]);

        Assert.Equal(2, writable.Count);
        Assert.Contains("if(parameters('hasPage'), 'keys', 'keys-readonly')", volumes, StringComparison.Ordinal);
        Assert.Contains("if(parameters('hasPage'), 'uploads', 'uploads-readonly')", volumes, StringComparison.Ordinal);
        Assert.Equal("true", Parameter(template, "api", "hasPage"));
        Assert.Equal("false", Parameter(template, "collect", "hasPage"));
        Assert.Equal("false", Parameter(template, "compare", "hasPage"));
    }

    [Fact]
    public async Task A_vault_that_is_deleted_can_be_purged()
    {
        var template = (await CompileAsync()).Template;

        var vault = Resources(Module(template, "vault")).Single(resource => Text(resource["type"]) == "Microsoft.KeyVault/vaults");

        // docs/decisions/0007-final-deletion.md: with purge protection nothing would be final for a week.
        Assert.Null(vault["properties"]!["enablePurgeProtection"]);
        Assert.Equal(7, vault["properties"]!["softDeleteRetentionInDays"]!.GetValue<int>());
    }

    private static JsonNode Module(JsonNode template, string name) => template["resources"]![name]!["properties"]!["template"]!;

    private static IEnumerable<JsonNode> Resources(JsonNode template) => template["resources"] is JsonObject named
        ? named.Where(resource => resource.Value!["existing"]?.GetValue<bool>() != true).Select(resource => resource.Value!)
        : template["resources"]!.AsArray().Select(resource => resource!);

    private static Func<JsonNode, bool> IsRole(string role) => resource =>
        Text(resource["type"]) == "Microsoft.Authorization/roleAssignments" && Text(resource["properties"]!["roleDefinitionId"]) is var id && RoleOf(id, role);

    private static bool RoleOf(string id, string role) => id.Contains(role, StringComparison.Ordinal)
        || (role == SecretsUser && id.Contains("variables('secretsUser')", StringComparison.Ordinal))
        || (role == CryptoServiceEncryptionUser && id.Contains("variables('cryptoServiceEncryptionUser')", StringComparison.Ordinal));

    // The role names a parameter of its module, which main.bicep fills with an output of the identities.
    private static string PrincipalOf(JsonNode template, string module, JsonNode role)
    {
        var parameter = Text(role["properties"]!["principalId"]).Split('\'')[1];
        return Parameter(template, module, parameter).Split("outputs.")[1].Split('.')[0];
    }

    // Which of the names that are in the vault: main.bicep filters them by the settings that an app has.
    private static string[] NamesOf(JsonNode template, JsonNode role)
    {
        var parameter = Text(role["copy"]!["count"]).Split('\'')[1];
        var filter = Parameter(template, "vault", parameter);
        return [.. template["variables"]!.AsObject()
            .Where(variable => variable.Value is JsonObject && filter.Contains($"variables('{variable.Key}')", StringComparison.Ordinal))
            .SelectMany(variable => variable.Value!.AsObject().Select(setting => setting.Key))
            .Order(StringComparer.Ordinal)];
    }

    private static string Parameter(JsonNode template, string module, string name) => Text(template["resources"]![module]!["properties"]!["parameters"]![name]?["value"]);

    private static string Text(JsonNode? node) => node switch
    {
        null => "",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => node.ToJsonString(new(System.Text.Json.JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }),
    };

    // Compiled once.
    private static async Task<(JsonNode Template, string Complaints)> CompileAsync()
    {
        var (template, complaints) = await (_compiled ??= BicepAsync("build", Path.Combine(Checkouts.Root, "infra", "main.bicep"), "--stdout"));
        return (JsonNode.Parse(template)!, complaints);
    }

    private static async Task<(string Output, string Complaints)> BicepAsync(params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "Bicep's compiler is brought for Linux x64 only");
        var program = typeof(InfrastructureTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "BicepPath").Value!;
        using var bicep = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await Task.WhenAll(bicep.StandardOutput.ReadToEndAsync(Cancellation), bicep.StandardError.ReadToEndAsync(Cancellation));
        await bicep.WaitForExitAsync(Cancellation);
        Assert.True(bicep.ExitCode == 0, said[1]);
        return (said[0], said[1]);
    }
}
