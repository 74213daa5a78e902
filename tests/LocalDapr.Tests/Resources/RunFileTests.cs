namespace LocalDapr.Tests.Resources;

public sealed class RunFileTests
{
    [Fact]
    public void Apps_take_what_is_common_and_their_own_wins()
    {
        using var folder = new TemporaryFolder();
        var file = Write(folder, """
            version: 1
            common:
              resourcesPaths: [./components, ./more]
              appMaxConcurrency: 4
              env: { COLOR: blue, SIZE: 3 }
            apps:
              - appID: api
                appDirPath: ./apps/Api
                appPort: 5101
                daprHTTPPort: 3501
                daprGRPCPort: 50011
                env: { COLOR: red }
                command: ["dotnet", "Api.dll"]
              - appDirPath: apps/Worker/
                appMaxConcurrency: 1
                resourcesPaths: [../own]
            """);

        var run = RunFile.Load(file);

        Assert.Equal(Path.Combine(folder.Path, "components"), run.ResourcesPath);
        Assert.Empty(run.Warnings);
        var (api, worker) = (run.Apps[0], run.Apps[1]);
        Assert.Equal(("api", Path.Combine(folder.Path, "apps", "Api"), 5101, 3501, 4), (api.AppId, api.DirectoryPath, api.AppPort, api.DaprHttpPort, api.MaxConcurrency));
        Assert.Equal((50011, default(int?)), (api.DaprGrpcPort, worker.DaprGrpcPort));
        Assert.Equal(("red", "3"), (api.Environment["COLOR"], api.Environment["SIZE"]));
        Assert.Equal(["dotnet", "Api.dll"], api.Command);
        Assert.Equal(run.ResourcesPath, api.ResourcesPath);
        Assert.Equal(("Worker", default(int?), default(int?), 1), (worker.AppId, worker.AppPort, worker.DaprHttpPort, worker.MaxConcurrency));
        Assert.Equal(Path.Combine(folder.Path, "apps", "own"), worker.ResourcesPath);
        Assert.Equal("blue", worker.Environment["COLOR"]);
    }

    [Fact]
    public void A_misspelt_setting_that_Dapr_would_pass_over_is_a_warning()
    {
        using var folder = new TemporaryFolder();
        var file = Write(folder, """
            version: 1
            comon: {}
            common: { resourcePaths: [./components] }
            apps: [{ appDirPath: ./api, daprHttpPort: 3501 }]
            """);

        Assert.Equal(
            ["comon is not a run file setting", "common.resourcePaths is not a run file setting", "apps.api.daprHttpPort is not a run file setting"],
            RunFile.Load(file).Warnings);
    }

    [Theory]
    [InlineData("apps: []", "has no version")]
    [InlineData("version: 1\napps: [{ appID: x }]", "app 1 has no appDirPath")]
    [InlineData("version: 1\napps: [{ appDirPath: x, appPort: many }]", "appPort of x is 'many'")]
    [InlineData("version: 1\napps: [{ appDirPath: a/x }, { appDirPath: b/x }]", "two apps with the id x")]
    [InlineData("- a\n- b", "is not a YAML mapping")]
    [InlineData("version: [", "cannot be read")]
    [InlineData("", "is empty")]
    public void A_file_that_cannot_be_run_is_refused_with_the_reason(string yaml, string reason)
    {
        using var folder = new TemporaryFolder();

        var refusal = Assert.Throws<SidecarConfigurationException>(() => RunFile.Load(Write(folder, yaml)));

        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("dapr.yaml", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused()
    {
        using var folder = new TemporaryFolder();

        Assert.Throws<SidecarConfigurationException>(() => RunFile.Load(Path.Combine(folder.Path, "dapr.yaml")));
    }

    private static string Write(TemporaryFolder folder, string yaml)
    {
        var file = Path.Combine(folder.Path, "dapr.yaml");
        File.WriteAllText(file, yaml);
        return file;
    }
}
