namespace LocalDapr.Tests.Conformance;

public sealed class ContractTests
{
    [Fact]
    public void Every_rule_has_an_id_of_its_own() =>
        Assert.DoesNotContain(DaprContract.Ids.GroupBy(id => id), group => group.Count() > 1);

    [Fact]
    public void The_list_of_cases_in_docs_is_up_to_date() => Assert.Equal(
        DaprContract.Text(), File.Exists(DaprContract.FilePath) ? File.ReadAllText(DaprContract.FilePath) : "", ignoreLineEndingDifferences: true);
}
