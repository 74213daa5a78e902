using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>Every option with a range is refused out of it, by its name, before an app does anything.</summary>
public sealed class OptionsTests
{
    private static readonly string[] Apps = ["FindMe.Api", "FindMe.Collect", "FindMe.Compare"];

    // Out of its range as well, so that an app that none of the others is for does not start either.
    private static readonly (string Name, string Value) EveryApps = ($"{FindMe.Hosting.TelemetryOptions.Section}__{nameof(FindMe.Hosting.TelemetryOptions.DollarsPerHour)}", "-1");

    private static readonly Assembly[] Assemblies =
    [
        typeof(FindMe.Api.SearchOptions).Assembly, typeof(FindMe.Compare.CompareOptions).Assembly,
        typeof(FindMe.Hosting.TelemetryOptions).Assembly, typeof(FindMe.Networks.XOptions).Assembly, typeof(FindMe.Faces.FaceEngineOptions).Assembly,
    ];

    [Fact]
    public async Task An_app_does_not_start_with_options_out_of_their_range_and_names_each()
    {
        var options = Assemblies.SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.GetField("Section") is { IsLiteral: true })
            .SelectMany(type => type.GetProperties().Select(property => (Type: type, Property: property, Range: property.GetCustomAttribute<RangeAttribute>())))
            .Where(option => option.Range is not null)
            .ToList();
        var all = options.Count;

        // What is read while an app is put together is complained of alone: then the others are tried once more.
        for (var named = 1; named > 0 && options.Count > 0;)
        {
            var said = string.Concat(await Task.WhenAll(Apps.Select(app => StartAsync(app, options.Select(SettingOf).Prepend(EveryApps)))));
            named = options.RemoveAll(option =>
                said.Contains($"{option.Type.Name}.{option.Property.Name}", StringComparison.Ordinal)
                || said.Contains($"'{option.Type.Name}' members: '{option.Property.Name}'", StringComparison.Ordinal));
        }

        // A pile of them: a range that is lost here was lost in reading the classes, not the options.
        Assert.InRange(all, 50, 200);
        Assert.Equal([], options.Select(option => $"{option.Type.Name}.{option.Property.Name}"));
    }

    private static (string Name, string Value) SettingOf((Type Type, PropertyInfo Property, RangeAttribute? Range) option) =>
        ($"{((string)option.Type.GetField("Section")!.GetRawConstantValue()!).Replace(":", "__", StringComparison.Ordinal)}__{option.Property.Name}", OutOf(option.Range!, option.Property));

    private static string OutOf(RangeAttribute range, PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (type == typeof(TimeSpan))
        {
            return (TimeSpan.Parse((string)range.Maximum, CultureInfo.InvariantCulture) + TimeSpan.FromSeconds(1)).ToString("c", CultureInfo.InvariantCulture);
        }

        var (least, most) = (Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture), Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture));
        return (most < int.MaxValue ? most + 1 : least - 1).ToString(CultureInfo.InvariantCulture);
    }

    private static async Task<string> StartAsync(string app, IEnumerable<(string Name, string Value)> settings)
    {
        var start = new ProcessStartInfo("dotnet", [Checkouts.ProgramOf(app)]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["Faces__ModelsPath"] = Checkouts.Models;
        start.Environment["DAPR_GRPC_ENDPOINT"] = "http://127.0.0.1:1";
        using var process = Process.Start(start)!;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        await using var kill = patience.Token.Register(process.Kill);
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
        await process.WaitForExitAsync(CancellationToken.None);
        Assert.False(patience.IsCancellationRequested, $"{app} started.");
        Assert.NotEqual(0, process.ExitCode);
        return string.Concat(said);
    }
}
