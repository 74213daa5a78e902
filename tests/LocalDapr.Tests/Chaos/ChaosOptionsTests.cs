using System.ComponentModel.DataAnnotations;

namespace LocalDapr.Tests.Chaos;

public sealed class ChaosOptionsTests
{
    [Fact]
    public void A_command_line_names_presets_and_a_seed()
    {
        Assert.Equal(new ChaosOptions { DuplicateEvery = 3 }, ChaosOptions.Parse("duplicates"));
        Assert.Equal(new ChaosOptions { Seed = -7, ReorderEvery = 3, DelayEvery = 5 }, ChaosOptions.Parse("reorder,delay:-7"));
        Assert.Equal(ChaosOptions.All(11), ChaosOptions.Parse("all:11"));
        Assert.Equal(["duplicates", "reorder", "delay", "lost-acks", "conflicts", "state-errors", "publish-errors", "slow-state"], ChaosPresets.Names);
    }

    [Theory]
    [InlineData("")]
    [InlineData("everything")]
    [InlineData("all,duplicates")]
    [InlineData("duplicates:soon")]
    [InlineData("duplicates:1:2")]
    public void What_is_no_preset_is_refused_with_the_names_that_are(string text)
    {
        var refusal = Assert.Throws<FormatException>(() => ChaosOptions.Parse(text));

        Assert.StartsWith($"'{text}' is no chaos: give duplicates, reorder,", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_number_out_of_its_range_is_refused_at_the_start()
    {
        await RefusedAsync(new ChaosOptions { DuplicateEvery = -1 }, nameof(ChaosOptions.DuplicateEvery));
        await RefusedAsync(new ChaosOptions { Delay = TimeSpan.Zero }, nameof(ChaosOptions.Delay));
        await RefusedAsync(new ChaosOptions { ConflictEvery = 3, ConflictRun = 3 }, "no conditional write ever succeeds");

        static async Task RefusedAsync(ChaosOptions chaos, string message)
        {
            var refusal = await Assert.ThrowsAsync<ValidationException>(() => SidecarUnderTest.StartAsync([], new Setup { Chaos = chaos }));
            Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
        }
    }
}
