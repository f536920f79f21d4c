#!/usr/bin/env bats
# shellcheck disable=SC2154 # variables of bats
# The forms of a report, by way of the command. What each prints exactly is in testdata/report.
load lib
load images

# Two errors in index.json, one of them at a name that would like to write to the terminal and to a log.
damage_layout() {
    jq '.manifests[0].size = -1 | .manifests[0].annotations["\u001b[31m\n::error::x]]>"] = 1' layout/index.json >new
    cp new layout/index.json
}

# Every form into a file, and each file as its readers want it.
write_reports() {
    for form_file in json:report.json sarif:report.sarif junit:report.xml github:report.github; do
        oci validate --format "${form_file%%:*}" -o "${form_file#*:}" "${@:2}"
        exits "$1"
        [ -z "$output" ]
        run ! grep -q $'\x1b' "${form_file#*:}"
    done
    run python3 -B "$BATS_TEST_DIRNAME/../tools/check_report.py" report.json report.sarif report.xml report.github
    [ "$status" -eq 0 ] || [ "$status" -eq 77 ] || complain "the reports are wrong"
}

@test "reports of a layout that is as it should be" {
    make_layout app
    write_reports 0 layout
    jq -e '.passed and .spec == "1.1" and .summary.errors == 0' report.json
    [ "$(grep -c '<failure' report.xml)" -eq 0 ]
    [ "$(jq '[.runs[].results[] | select(.level == "error")] | length' report.sarif)" -eq 0 ]
    run ! grep -q '^::error' report.github
}

@test "reports of a layout with errors" {
    make_layout app
    damage_layout
    write_reports 3 layout
    jq -e '.passed == false and .summary.errors >= 2' report.json
    jq -e '.subjects | length == 1 and .[0].name == "layout" and .[0].layout == "layout"' report.json
    jq -e '.findings[] | select(.pointer == "/manifests/0/size") | .file == "index.json" and .line > 1' \
        report.json
    # The same findings in all of them.
    errors=$(jq .summary.errors report.json)
    [ "$(jq '[.runs[].results[] | select(.level == "error")] | length' report.sarif)" -eq "$errors" ]
    [ "$(grep -c '^::error file=layout/index.json,line=' report.github)" -eq "$errors" ]
    [ "$(jq -r '.runs[].results[0].locations[0].physicalLocation.artifactLocation.uri' report.sarif)" = layout/index.json ]
    grep -q '<testcase classname="layout" name="valid">' report.xml
}

@test "all rules are in a SARIF log, and those of a run are among them" {
    make_layout app
    oci validate --format sarif layout
    exits 0
    [ "$(jq '.runs[0].tool.driver.rules | length' <<<"$output")" -gt 50 ]
    is_json '.runs[0].tool.driver.rules | all(.shortDescription.text != "" and .help.text != "")'
}

@test "text is the default, with the place in the document" {
    make_layout app
    damage_layout
    oci validate layout
    exits 3
    [ "${lines[0]}" = layout/index.json ]
    [[ $output == *"  error: "*"  [descriptor.size."* ]]
    [[ $output == *"    | "*"\"size\": -1"* ]]
    [[ $output == *"error"*" in "*" file"* ]]
    [[ $output != *$'\x1b'* ]]
    text=$output
    run ! grep -q '^ *::' <<<"$text"
    oci validate --format text layout
    says "$text"
}

@test "--quiet text is errors alone" {
    make_layout app
    oci validate -q layout
    exits 0
    is_silent
    damage_layout
    oci validate -q layout
    exits 3
    [[ $output == *"  error: "* ]]
    [[ $output != *" in "*" file"* ]]
}

@test "text sums up nothing where there is no verdict" {
    make_layout app
    oci validate layout
    says "no findings"
    oci validate layout nothing
    exits 4
    says ""
    complains_of "validate: *nothing*"
    damage_layout
    oci validate nothing layout
    exits 4
    [[ $output == *"error"*" in "*" file"* ]]
}

@test "colours" {
    make_layout app
    damage_layout
    oci validate --color always layout
    [[ $output == *$'\x1b[31merror:\x1b[0m'* ]]
    oci validate --color never layout
    [[ $output != *$'\x1b'* ]]
    # Not in files and not for programs, whatever a terminal could do.
    oci validate --color always --format json layout
    [[ $output != *$'\x1b'* ]]
}

@test "several operands are several subjects, in their order" {
    make_layout app other
    cp -r layout second
    damage_layout
    write_reports 3 second layout layout:other
    jq -e '[.subjects[].name] == ["second", "layout", "layout:other"]' report.json
    jq -e '.findings | map(select(.subject == "second")) | all(.severity != "error")' report.json
    jq -e '.findings | map(select(.subject == "layout")) | any(.severity == "error")' report.json
    [ "$(grep -c '<testsuite ' report.xml)" -eq 3 ]
    run ! grep -q '^::error file=second/' report.github
}

@test "a document alone has its own name" {
    make_layout app
    damage_layout
    cp layout/index.json "my index.json"
    write_reports 3 --type index "my index.json"
    jq -e '.subjects[0].layout == null and .findings[0].file == "my index.json"' report.json
    grep -q '^::error file=my index.json,line=' report.github
    jq -e '.runs[].results[0].locations[0].physicalLocation.artifactLocation.uri == "my%20index.json"' report.sarif
}

@test "names of entries are text in every form" {
    mkdir -p tree
    # Each twice, so that there is something to find.
    for name in $'\x1b[31mred' $'two\n::error::lines' $'\xff\xc3' ']]><x y="' 'per%0Acent' '{0} [a](b)'; do
        echo text >"tree/$name"
        tar -rf layer.tar tree/"$name"
        tar -rf layer.tar tree/"$name"
    done
    write_reports 3 --type layer layer.tar
    jq -e '.findings | length >= 6 and any(.entry == "tree/two\n::error::lines")' report.json
    [ "$(wc -l <report.github)" -eq "$(jq '.findings | length' report.json)" ]
    oci validate --type layer layer.tar
    exits 3
    [[ $output != *$'\x1b'* ]]
    run ! grep -q '^ *::' <<<"$output"
}

@test "an operand that cannot be looked at has no verdict" {
    make_layout app
    oci validate --format json missing layout
    exits 4
    complains_of "validate: *missing*"
    is_json '.passed == false and (.subjects[0].error | contains("missing")) and .subjects[1].error == null'
    oci validate --format junit missing layout
    exits 4
    grep -q '<error type="error" message=".*missing' <<<"$output"
    oci validate --format sarif missing layout
    exits 4
    is_json '.runs[0].invocations[0].executionSuccessful == false'
}

@test "-o replaces a file when the report is whole, and nothing else" {
    make_layout app
    echo old >report
    (umask 027 && "$OCI_IMAGE" validate --format json -o report layout)
    jq -e .passed report
    [ "$(stat -c %a report)" = 640 ]
    ln -s report link
    echo old >report
    oci validate --format json -o link layout
    exits 0
    [ -L link ]
    jq -e .passed report
    mkfifo pipe
    cat pipe >read &
    oci validate --format json -o pipe layout
    exits 0
    wait
    [ -p pipe ]
    cmp read report
    oci validate --format json -o - layout
    is_json .passed
    rm link pipe read
    holds . layout report tree tree.tar tree.tar.gz
}

@test "-o where nothing can be written" {
    make_layout app
    oci validate -o missing/report layout
    exits 4
    complains_of "validate: 'missing/report': *"
    mkdir directory
    oci validate -o directory layout
    exits 1
    one_line
    [ -e /dev/full ] || skip "no /dev/full"
    ln -s /dev/full full
    oci validate --format sarif -o full layout
    exits 1
    complains_of "validate: write 'full': No space left on device"
}

@test "a form that there is not" {
    oci validate --format xml layout
    exits 2
    hints "choose one of text, json, sarif, junit, github"
}
